/* What Kubernetes refuses (pkg/apis/{apps,autoscaling,batch,policy}/validation), and what can never work. */
#include "sim/platform/controllers_parts.h"
#include <stdarg.h>

static bool refuse(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(char *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, SIM_WORKLOAD_WHY, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_zero(const struct sim_amount *amount)
{
    return amount->given && (amount->is_share ? amount->ppm == 0 : amount->count == 0);
}

static bool check_strategy(const struct sim_workload_plan *plan, char *why)
{
    const struct sim_amount *surge = &plan->max_surge, *unavailable = &plan->max_unavailable;
    if (plan->recreate && (surge->given || unavailable->given))
        return refuse(why, "strategy: rollingUpdate may not be given when type is Recreate");
    if (is_zero(surge) && is_zero(unavailable))
        return refuse(why, "strategy: maxUnavailable may not be 0 when maxSurge is 0: no pod could ever be replaced");
    if (unavailable->is_share && unavailable->ppm > 1000000) return refuse(why, "strategy: maxUnavailable is over 100%%");
    if (plan->progress_deadline && plan->progress_deadline <= plan->min_ready)
        return refuse(why, "progressDeadlineSeconds must be greater than minReadySeconds");
    return true;
}

static bool check_budget(const struct sim_workload_plan *plan, uint32_t replicas, char *why)
{
    const struct sim_amount *least = &plan->budget_min_available, *most = &plan->budget_max_unavailable;
    if (least->given && most->given) return refuse(why, "podDisruptionBudget: minAvailable and maxUnavailable are mutually exclusive");
    if (least->is_share && least->ppm > 1000000) return refuse(why, "podDisruptionBudget: minAvailable is over 100%%");
    if (least->given && !least->is_share && least->count > replicas && replicas && !plan->autoscaler.max_replicas)
        return refuse(why, "podDisruptionBudget: minAvailable %u can never be met by %u replicas", least->count, replicas);
    return true;
}

static bool check_rules(const struct sim_scaling_rules *rules, const char *name, char *why)
{
    for (uint32_t i = 0; i < rules->policy_count; i++) {
        const struct sim_scaling_policy *policy = &rules->policies[i];
        if (!policy->value) return refuse(why, "horizontalPodAutoscaler: behavior.%s: value must be greater than 0", name);
        if (policy->period <= 0 || policy->period > 1800 * MC_S)
            return refuse(why, "horizontalPodAutoscaler: behavior.%s: periodSeconds must be from 1 to 1800", name);
    }
    return true;
}

static bool check_autoscaler(const struct sim_autoscaler *plan, char *why)
{
    if (!plan->max_replicas) return true;
    if (!plan->min_replicas) return refuse(why, "horizontalPodAutoscaler: minReplicas must be at least 1");
    if (plan->min_replicas > plan->max_replicas)
        return refuse(why, "horizontalPodAutoscaler: maxReplicas %u is less than minReplicas %u", plan->max_replicas, plan->min_replicas);
    if (!plan->target_cpu_percent == !plan->target_rate_milli)
        return refuse(why, "horizontalPodAutoscaler: one of targetCPUUtilizationPercentage and targetRequestsPerSecond is expected");
    if (plan->stabilization_down > 3600 * MC_S || plan->stabilization_up > 3600 * MC_S)
        return refuse(why, "horizontalPodAutoscaler: stabilizationWindowSeconds is over 3600");
    return check_rules(&plan->up, "scaleUp", why) && check_rules(&plan->down, "scaleDown", why);
}

bool sim_workload_check(const struct sim_workload_plan *plan, uint32_t replicas, char why[static SIM_WORKLOAD_WHY])
{
    if (plan->job.completions && plan->autoscaler.max_replicas) return refuse(why, "a job cannot have a horizontalPodAutoscaler");
    return check_strategy(plan, why) && check_budget(plan, replicas, why) && check_autoscaler(&plan->autoscaler, why);
}
