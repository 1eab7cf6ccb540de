#include "transport/http_server.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "transport/http_io.h"

namespace carillon::transport {
namespace {

constexpr std::array<std::string_view, 4> kLoopbackNames{"localhost", "127.0.0.1", "[::1]", "::1"};

// "name:port" -> "name"; "[::1]:80" -> "[::1]".
std::string_view without_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return authority;
  return authority.substr(0, colon);
}

bool is_allowed_name(std::string_view name, const HttpServerOptions& options) {
  const auto is_it = [&](std::string_view allowed) { return same_text(allowed, name); };
  return std::any_of(kLoopbackNames.begin(), kLoopbackNames.end(), is_it) || is_it(options.host) ||
         std::any_of(options.names_allowed.begin(), options.names_allowed.end(), is_it);
}

std::string_view name_of_origin(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view{} : without_port(origin.substr(scheme + 3));
}

// DNS rebinding: a page of a foreign name must not reach a server on this machine.
std::optional<HttpResponse> check_names(const HttpRequest& request, const HttpServerOptions& options) {
  const auto host = request.header("Host");
  if (!host || request.headers.count("Host") != 1)
    return error_response(400, "malformed", "a request has exactly one Host header");
  for (const char* name : {"Origin", "Authorization"})
    if (request.headers.count(name) > 1)
      return error_response(400, "malformed", std::string{"a request has at most one "} + name + " header");
  if (!is_allowed_name(without_port(*host), options))
    return error_response(403, "not_allowed", "this Host is not served here; add it to the allowed names");
  const auto origin = request.header("Origin");
  if (origin && !is_allowed_name(name_of_origin(*origin), options))
    return error_response(403, "not_allowed", "this Origin may not call; add it to the allowed names");
  return std::nullopt;
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool matches(std::string_view pattern, std::string_view path, std::map<std::string, std::string>* values) {
  if (pattern.find_first_of("{*") == std::string_view::npos) return pattern == path;
  const auto wanted = segments_of(pattern);
  const auto given = segments_of(path);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "*") {
      if (i < given.size() && values != nullptr)
        values->emplace("*", std::string{given[i].data(), path.data() + path.size()});
      return true;
    }
    if (i >= given.size()) return false;
    if (wanted[i].starts_with('{')) {
      if (given[i].empty()) return false;
      if (values != nullptr)
        values->emplace(std::string{wanted[i].substr(1, wanted[i].size() - 2)}, std::string{given[i]});
    } else if (wanted[i] != given[i]) {
      return false;
    }
  }
  return wanted.size() == given.size();
}

const HttpRoute* find_route(const std::vector<HttpRoute>& routes, const HttpRequest& request) {
  const std::string_view method = request.method == "HEAD" ? std::string_view{"GET"} : request.method;
  for (const auto& route : routes)
    if (route.method == method && matches(route.path, request.path, nullptr)) return &route;
  return nullptr;
}

std::string allowed_methods(const std::vector<HttpRoute>& routes, const HttpRequest& request) {
  std::string allowed;
  for (const auto& route : routes)
    if (matches(route.path, request.path, nullptr)) allowed += (allowed.empty() ? "" : ", ") + route.method;
  return allowed;
}

// A browser of an allowed origin asks before it calls.
HttpResponse answer_preflight(const HttpRequest& request, const std::string& methods) {
  HttpResponse response{204, "", "", {}};
  response.headers.emplace("Access-Control-Allow-Origin", std::string{*request.header("Origin")});
  response.headers.emplace("Access-Control-Allow-Methods", methods);
  response.headers.emplace("Access-Control-Allow-Headers",
                           request.header("Access-Control-Request-Headers").value_or("*"));
  response.headers.emplace("Access-Control-Max-Age", "600");
  response.headers.emplace("Vary", "Origin");
  return response;
}

HttpResponse refuse_method(const HttpRequest& request, const std::string& methods) {
  if (methods.empty()) return error_response(404, "unknown_name", "nothing is served at " + request.path);
  if (request.method == "OPTIONS" && request.header("Origin")) return answer_preflight(request, methods);
  auto response = error_response(405, "not_allowed", "this path takes " + methods);
  response.headers.emplace("Allow", methods);
  return response;
}

HttpResponse refuse_credential(const Denied& denied) {
  auto response = error_response(denied.status, denied.status == 503 ? "unavailable" : "not_allowed", denied.message);
  if (!denied.challenge.empty()) response.headers.emplace("WWW-Authenticate", denied.challenge);
  return response;
}

// Lets a browser page of an allowed origin read the answer.
class CorsReply final : public HttpReply {
 public:
  CorsReply(std::shared_ptr<HttpReply> inner, std::string origin)
      : inner_(std::move(inner)), origin_(std::move(origin)) {}
  void send(HttpResponse response) override { inner_->send(marked(std::move(response))); }
  void begin_stream(HttpResponse head) override { inner_->begin_stream(marked(std::move(head))); }
  bool write(std::string_view piece) override { return inner_->write(piece); }
  void finish() override { inner_->finish(); }

 private:
  HttpResponse marked(HttpResponse response) const {
    response.headers.emplace("Access-Control-Allow-Origin", origin_);
    response.headers.emplace("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate");
    response.headers.emplace("Vary", "Origin");
    return response;
  }
  const std::shared_ptr<HttpReply> inner_;
  const std::string origin_;
};

}  // namespace

HttpServer::HttpServer(HttpServerOptions options, Authenticator& authenticator)
    : options_(std::move(options)), authenticator_(authenticator) {
  HttpApp app;
  app.admit = [this](HttpRequest& request) { return admit(request); };
  app.handle = [this](HttpRequest request, const std::shared_ptr<HttpReply>& reply) {
    handle(std::move(request), reply);
  };
  io_ = std::make_unique<HttpIo>(options_.limits, std::move(app));
}

HttpServer::~HttpServer() = default;

void HttpServer::add(HttpRoute route) { routes_.push_back(std::move(route)); }

void HttpServer::add(std::vector<HttpRoute> routes) {
  for (auto& route : routes) add(std::move(route));
}

void HttpServer::start() { io_->start(options_.host, options_.port); }
void HttpServer::stop() { io_->stop(); }
int HttpServer::port() const { return io_->port(); }
std::size_t HttpServer::connections() const { return io_->connections(); }

std::optional<HttpResponse> HttpServer::admit(HttpRequest& request) {
  if (auto refused = check_names(request, options_)) return refused;
  const HttpRoute* route = find_route(routes_, request);
  if (route == nullptr) return refuse_method(request, allowed_methods(routes_, request));
  if (route->access == Access::open) return std::nullopt;
  auto verdict = authenticator_.authenticate(request);
  if (const auto* denied = std::get_if<Denied>(&verdict)) return refuse_credential(*denied);
  if (auto* principal = std::get_if<Principal>(&verdict)) request.principal = std::move(*principal);
  return std::nullopt;
}

std::optional<HttpResponse> HttpServer::look_up(HttpRequest& request) {
  auto verdict = authenticator_.look_up(request);
  auto* principal = std::get_if<Principal>(&verdict);
  if (principal == nullptr) {
    const auto* denied = std::get_if<Denied>(&verdict);
    return refuse_credential(denied == nullptr ? Denied{} : *denied);
  }
  request.principal = std::move(*principal);
  return std::nullopt;
}

void HttpServer::handle(HttpRequest request, const std::shared_ptr<HttpReply>& reply) {
  const HttpRoute* route = find_route(routes_, request);
  if (route->access == Access::credential && !request.principal)
    if (auto refused = look_up(request)) return reply->send(*std::move(refused));
  matches(route->path, request.path, &request.path_values);
  const auto origin = request.header("Origin");
  if (!origin) return route->handle(std::move(request), reply);
  auto marked = std::make_shared<CorsReply>(reply, std::string{*origin});
  route->handle(std::move(request), std::move(marked));
}

}  // namespace carillon::transport
