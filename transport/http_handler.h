// The HTTP server's ports: what a request looks like, how it is answered, who may send it. Neutral: nothing here knows
// the library underneath, so the layer that moves bytes can be exchanged without touching a handler.
//
// Handlers are asynchronous: they get a reply object and may complete it later from any thread. HttpReply is
// thread-safe; it is silent once the client has gone. A reply that is dropped without an answer becomes a 500.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "transport/request_context.h"

namespace carillon::transport {

struct HeaderNameLess {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const;
};
// ASCII letters are the same in either case.
bool same_text(std::string_view left, std::string_view right);
bool is_token_character(char c);  // RFC 9110 §5.6.2
using HttpHeaders = std::multimap<std::string, std::string, HeaderNameLess>;

struct HttpRequest {
  std::string method;
  std::string path;  // decoded, without the query
  std::map<std::string, std::string> query;
  HttpHeaders headers;
  std::string body;
  std::map<std::string, std::string> path_values;  // what {name} in the route's path stood for; "*" for a rest
  std::optional<Principal> principal;              // always there on a route with Access::credential
  std::stop_token gone;                            // the client closed the connection before it had its answer

  // The first value of a header; nothing if it is absent.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  HttpHeaders headers{};
};

class HttpReply {
 public:
  virtual ~HttpReply() = default;
  // The whole answer. Only the first answer counts.
  virtual void send(HttpResponse response) = 0;
  // An answer in pieces: its head first (the body member is the first piece), then write() until finish().
  virtual void begin_stream(HttpResponse head) = 0;
  // False when the client has gone or reads so slowly that the stream was given up.
  virtual bool write(std::string_view piece) = 0;
  virtual void finish() = 0;
};

using HttpHandler = std::function<void(HttpRequest, std::shared_ptr<HttpReply>)>;

enum class Access { open, credential };

struct HttpRoute {
  std::string method;  // GET, POST, … ; HEAD is answered by GET's handler without the body
  std::string path;  // literal segments, {name} for one segment, a last * for any rest: /api/v1/tools/{name}, /assets/*
  Access access = Access::credential;
  HttpHandler handle;
};

// Why a request may not pass. `challenge` becomes WWW-Authenticate.
struct Denied {
  int status = 401;
  std::string challenge = "Bearer";
  std::string message = "a credential is needed";
};
// Who sends a request is not known at hand; look_up() decides.
struct Undecided {};
using AuthVerdict = std::variant<Principal, Denied, Undecided>;

// Decides who sent a request from its headers. Called for every request, from many threads.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // By the head alone, on a thread that serves many connections: it never waits.
  virtual AuthVerdict authenticate(const HttpRequest& request) = 0;
  // Of a request that the former left undecided, once all of it is there. May wait; decides.
  virtual AuthVerdict look_up(const HttpRequest&) { return Denied{}; }
};

// A header that came twice reads as one list (RFC 9110 §5.3), so that nobody on the way and we read different ones of
// the two: where a single value is wanted, a list differs from it.
std::optional<std::string> whole_header(const HttpHeaders& headers, std::string_view name);

HttpResponse json_response(int status, const json& body);
// {"error": code, "message": message}
HttpResponse error_response(int status, std::string_view code, std::string_view message);

}  // namespace carillon::transport
