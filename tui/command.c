/* The line after `:`, a table of words. */
#include "tui/keys.h"
#include "tui/panes.h"
#include "base/assert.h"
#include "base/str.h"
#include <string.h>
#include <strings.h>

typedef const struct tui_scene *scene_p;

static const struct tui_deed none = {TUI_DEED_NONE, 0};

static struct tui_deed note(scene_p scene, const char *what, const char *text)
{
    snprintf(scene->view->note, sizeof scene->view->note, "%s %s", what, text);
    return none;
}

static struct tui_deed at(scene_p scene, const char *text)
{
    mc_ns time;
    if (!tui_time_parse(text, &time)) return note(scene, "a time like 2m01s or 90s is needed, not", text);
    if (time < scene->frame->at && !scene->playback->seekable)
        return note(scene, "a live run cannot go back to", text);
    return (struct tui_deed){TUI_DEED_GO_TO, time};
}

static struct tui_deed speed(scene_p scene, const char *text)
{
    uint64_t value;
    if (strcasecmp(text, "max") == 0) return (struct tui_deed){TUI_DEED_SPEED, TUI_SPEED_MAX};
    if (*text == 'x') text++;
    if (!mc_str_to_u64(mc_str_c(text), 100000, &value) || value == 0)
        return note(scene, "a speed is a whole number from 1 on, or max, not", text);
    return (struct tui_deed){TUI_DEED_SPEED, (int64_t)value};
}

static struct tui_deed sort(scene_p scene, const char *text)
{
    int column = tui_column_find(text);
    if (column < 0 && *text) return note(scene, "there is no column", text);
    scene->view->sort = column;
    scene->view->tab = TUI_OVERVIEW;
    return none;
}

static struct tui_deed filter(scene_p scene, const char *text)
{
    snprintf(scene->view->filter[scene->view->tab], TUI_FILTER_TEXT, "%s", text);
    return none;
}

static struct tui_deed set(scene_p scene, const char *text)
{
    if (strcmp(text, "ascii") == 0) scene->view->ascii = true;
    else if (strcmp(text, "unicode") == 0) scene->view->ascii = false;
    else return note(scene, "set takes ascii or unicode, not", text);
    return none;
}

static struct tui_deed help(scene_p scene, const char *text)
{
    (void)text;
    scene->view->help = true;
    return none;
}

static struct tui_deed quit(scene_p scene, const char *text)
{
    (void)scene;
    (void)text;
    return (struct tui_deed){TUI_DEED_LEAVE, 0};
}

static struct tui_deed tab(scene_p scene, const char *text)
{
    if (!tui_tab_find(text, &scene->view->tab)) return note(scene, "the screens are " TUI_TAB_NAMES ", not", text);
    return none;
}

static const struct {
    const char *word;
    struct tui_deed (*act)(scene_p, const char *);
} words[] = {{"at", at}, {"speed", speed}, {"sort", sort}, {"filter", filter}, {"set", set},
             {"tab", tab}, {"help", help}, {"quit", quit}, {"q", quit}};

static struct tui_deed unknown(scene_p scene, struct mc_str word)
{
    size_t best = 0;
    for (size_t i = 1; i < MC_COUNT_OF(words); i++)
        if (mc_str_distance(word, mc_str_c(words[i].word)) < mc_str_distance(word, mc_str_c(words[best].word))) best = i;
    snprintf(scene->view->note, sizeof scene->view->note, "no command %.*s; did you mean %s?", MC_STR_ARG(word), words[best].word);
    return none;
}

struct tui_deed tui_command(const struct tui_scene *scene, const char *line)
{
    while (*line == ' ') line++;
    const char *argument = strchr(line, ' ');
    struct mc_str word = argument ? mc_str(line, (size_t)(argument - line)) : mc_str_c(line);
    while (argument && *argument == ' ') argument++;
    if (word.n == 0) return none;
    for (size_t i = 0; i < MC_COUNT_OF(words); i++)
        if (mc_str_eq_nocase(word, mc_str_c(words[i].word))) return words[i].act(scene, argument ? argument : "");
    return unknown(scene, word);
}
