-- No mesh: applications talk to each other directly, a service's address picks an endpoint per connection.
return profile {
  name    = "none",
  version = "no mesh",
}
