-- Google's Online Boutique: eleven services, a load on `frontend`.
--
-- Services, ports, call graph and CPU limits: GoogleCloudPlatform/microservices-demo 34ffea91,
-- release/kubernetes-manifests.yaml (the call graph from its *_SERVICE_ADDR variables). gRPC and Redis calls are
-- HTTP/1.1 here. The frontend's page asks products and currency and cart and adverts, and for one page in some
-- the rest; every page asks all of them here. Service times are declared.
return function(given)
  local o = options("boutique", given or {}, { replicas = 1, zones = { "a" }, cpu = true })

  local function service(port, limit, time, calls)
    local steps = { work { cpu = time } }
    for _, step in ipairs(calls or {}) do steps[#steps + 1] = step end
    return { port = port, cpu = o.cpu and limit or nil, steps = steps }
  end

  return topology {
    name     = "boutique",
    zones    = o.zones,
    defaults = { replicas = o.replicas, zones = o.zones },
    services = {
      frontend = service(80, "200m", "600us", {
        parallel { call "currencyservice", call "productcatalogservice", call "cartservice", call "adservice" },
        parallel { call "recommendationservice", call "shippingservice" },
        call "checkoutservice",
      }),
      checkoutservice = service(5050, "200m", "300us", {
        call "cartservice",
        parallel { call "productcatalogservice", call "currencyservice", call "shippingservice" },
        call "paymentservice",
        call "emailservice",
      }),
      recommendationservice = service(8080, "200m", "400us", { call "productcatalogservice" }),
      cartservice           = service(7070, "300m", "200us", { call "redis-cart" }),
      adservice             = service(9555, "300m", "200us"),
      currencyservice       = service(7000, "200m", "100us"),
      emailservice          = service(5000, "200m", "200us"),
      paymentservice        = service(50051, "200m", "100us"),
      productcatalogservice = service(3550, "200m", "150us"),
      shippingservice       = service(50051, "200m", "100us"),
      ["redis-cart"]        = service(6379, "125m", "50us"),
    },
  }
end
