#include "transport/http_io.h"

#include <httplib.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <system_error>
#include <thread>

#include "server/base/guarded.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "transport/http_pending.h"
#include "transport/http_socket.h"
#include "transport/worker_pool.h"

namespace carillon::transport {
namespace {

constexpr int kBacklog = 1024;
constexpr std::size_t kWaitingMax = 256;           // connections accepted while the pool is full
constexpr std::uint64_t kDiscardMax = 256 * 1024;  // of a refused request's body, to keep the connection
constexpr const char* kAnyPath = ".*";

// What httplib's handlers need to know about the connection whose thread they run on; they get no pointer of ours.
struct Connection {
  HttpSocket& socket;
  std::shared_ptr<Waker> waker;
  bool keep = true;
};
thread_local Connection* current = nullptr;
thread_local bool refusing = false;

class SocketStream final : public httplib::Stream {
 public:
  explicit SocketStream(HttpSocket& socket) : socket_(socket) {}
  bool is_readable() const override { return !socket_.failed(); }
  bool is_writable() const override { return !socket_.failed(); }
  ssize_t read(char* into, std::size_t size) override { return socket_.read(into, size); }
  ssize_t write(const char* from, std::size_t size) override {
    return socket_.write({from, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  socket_t socket() const override { return socket_.fd(); }

 private:
  HttpSocket& socket_;
};

HttpRequest to_request(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method;
  request.path = from.path;
  request.query = {from.params.begin(), from.params.end()};
  request.headers = {from.headers.begin(), from.headers.end()};
  return request;
}

void count_answer(int status) { metrics::count("carillon_http_requests_total", {{"status", std::to_string(status)}}); }

void fill_response(httplib::Response& to, const HttpResponse& from) {
  count_answer(from.status);
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (!from.body.empty()) to.set_content(from.body, from.content_type);
}

// A head that cannot be served at all; the library never sees it.
std::optional<HttpResponse> refusal_of(HttpSocket::Head head, const HttpLimits& limits) {
  switch (head) {
    case HttpSocket::Head::ready:
    case HttpSocket::Head::closed:
      return std::nullopt;
    case HttpSocket::Head::malformed:
      return error_response(400, "malformed", "the request's head is malformed");
    case HttpSocket::Head::too_large:
      return error_response(431, "too_large",
                            "headers have at most " + std::to_string(limits.header_bytes_max) + " bytes");
    case HttpSocket::Head::too_many:
      return error_response(431, "too_large",
                            "a request has at most " + std::to_string(limits.headers_max) + " headers");
    case HttpSocket::Head::too_slow:
      return error_response(408, "too_slow", "the request's head took too long");
    case HttpSocket::Head::body_too_large:
      return error_response(413, "too_large", "a body has at most " + std::to_string(limits.body_bytes_max) + " bytes");
  }
  return std::nullopt;
}

// Each connection takes two descriptors; the usual soft limit of 1024 would be met long before our own.
void allow_descriptors(std::size_t connections) {
  constexpr rlim_t kForTheRest = 512;
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(2 * connections + kForTheRest, now.rlim_max);
  if (now.rlim_cur >= wanted) return;
  now.rlim_cur = wanted;
  if (::setrlimit(RLIMIT_NOFILE, &now) != 0) log::warn("the limit of open files could not be raised");
}

std::string raw_text(const HttpResponse& response) {
  count_answer(response.status);
  return "HTTP/1.1 " + std::to_string(response.status) +
         " Refused\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
         std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
}

}  // namespace

class HttpIo::Library final : public httplib::Server {
 public:
  Library(const HttpLimits& limits, HttpApp app)
      : limits_(limits), app_(std::move(app)), pool_({limits.connections_max, kWaitingMax, std::chrono::seconds{30}}) {
    new_task_queue = [this] { return new Queue{*this}; };
    set_keep_alive_max_count(1'000'000);
    set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(limits.idle_time).count());
    // The library's default is SO_REUSEPORT, with which two daemons would share one port unnoticed.
    set_socket_options([](socket_t fd) {
      const int on = 1;
      static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    });
    add_handlers();
  }
  ~Library() override { end(); }

  void begin(const std::string& host, int port) {
    allow_descriptors(limits_.connections_max);
    errno = 0;
    port_ = port == 0 ? bind_to_any_port(host) : (bind_to_port(host, port) ? port : -1);
    if (port_ < 0)
      throw std::system_error{errno == 0 ? EADDRINUSE : errno, std::generic_category(),
                              "listen on " + host + ":" + std::to_string(port)};
    if (::listen(svr_sock_, kBacklog) != 0) throw std::system_error{errno, std::generic_category(), "listen"};
    acceptor_ = std::jthread{[this] {
      if (!listen_after_bind()) log::error("the HTTP server stopped accepting connections");
    }};
    while (!is_running()) ::poll(nullptr, 0, 1);  // stop() is void before that
  }

  void end() {
    if (!acceptor_.joinable()) return;
    stopping_.wake();
    stop();
    acceptor_.join();
    pool_.stop();
  }

  int bound_port() const { return port_; }
  std::size_t connections() const { return pool_.busy(); }

 private:
  class Queue final : public httplib::TaskQueue {
   public:
    explicit Queue(Library& library) : library_(library) {}
    void enqueue(std::function<void()> serve) override { library_.take(serve); }
    void shutdown() override { library_.pool_.stop(); }

   private:
    Library& library_;
  };

  void take(const std::function<void()>& serve) {
    if (pool_.busy() >= pool_.threads_max()) close_longest_idle();
    if (pool_.run(serve)) return;
    refusing = true;
    serve();
    refusing = false;
  }

  void close_longest_idle() {
    idle_.with([](std::list<HttpSocket*>& idle) {
      if (!idle.empty()) idle.front()->shut();
    });
  }

  bool wait_for_request(HttpSocket& socket) {
    const auto self = idle_.with([&](std::list<HttpSocket*>& idle) { return idle.insert(idle.end(), &socket); });
    const bool arrived = socket.wait_for_request();
    idle_.with([&](std::list<HttpSocket*>& idle) { idle.erase(self); });
    return arrived;
  }

  bool process_and_close_socket(socket_t fd) override {
    HttpSocket socket{fd, stopping_.fd(), limits_};
    if (refusing) {
      socket.write(raw_text(error_response(503, "over_limit", "too many connections; try again later")));
      return socket.flush();
    }
    try {
      Connection connection{socket, std::make_shared<Waker>()};
      current = &connection;
      while (wait_for_request(socket) && serve_one(connection)) continue;
      current = nullptr;
    } catch (const std::exception& thrown) {
      current = nullptr;
      log::error("an HTTP connection ended with an error", {{"what", thrown.what()}});
    }
    return true;
  }

  // Whether the connection may go on.
  bool serve_one(Connection& connection) {
    HttpSocket& socket = connection.socket;
    const auto head = socket.read_head();
    if (head == HttpSocket::Head::closed) return false;
    if (const auto refused = refusal_of(head, limits_)) {
      socket.write(raw_text(*refused));
      socket.linger();
      return false;
    }
    connection.keep = !socket.has_body();  // until the body has been read
    SocketStream stream{socket};
    bool closed = false;
    const bool served = process_request(stream, false, closed, nullptr);
    if (socket.failed() || !socket.flush()) return false;
    if (served && !closed && connection.keep) return true;
    socket.linger();
    return false;
  }

  void add_handlers() {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (current->socket.has_body()) return HandlerResponse::Unhandled;
      answer(request, response, {});
      return HandlerResponse::Handled;
    });
    const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& reader) {
      answer(request, response, [&](const httplib::ContentReceiver& receiver) { return reader(receiver); });
    };
    Post(kAnyPath, with_body);
    Put(kAnyPath, with_body);
    Patch(kAnyPath, with_body);
    Delete(kAnyPath, with_body);
    set_exception_handler([](const httplib::Request&, httplib::Response& response, const std::exception_ptr& thrown) {
      current->keep = false;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& error) {
        log::error("an HTTP handler failed", {{"what", error.what()}});
      }
      fill_response(response, error_response(500, "internal", "internal error; see the log"));
    });
  }

  using BodyReader = std::function<bool(const httplib::ContentReceiver&)>;

  void answer(const httplib::Request& from, httplib::Response& to, const BodyReader& read_body) {
    HttpRequest request = to_request(from);
    if (auto refused = app_.admit(request)) {
      discard_small_body(read_body);
      return fill_response(to, *refused);
    }
    if (read_body) {
      if (from.is_multipart_form_data())
        return fill_response(to, error_response(415, "unsupported", "multipart bodies are not understood here"));
      if (!read_bounded(read_body, request.body))
        return fill_response(to, *refusal_of(HttpSocket::Head::body_too_large, limits_));
    }
    const auto pending = std::make_shared<PendingReply>(current->waker, limits_.stream_unsent_bytes_max);
    request.gone = pending->gone_token();
    app_.handle(std::move(request), PendingReply::handle(pending));
    deliver(pending, to);
  }

  void discard_small_body(const BodyReader& read_body) {
    if (!read_body || current->socket.chunked() || current->socket.content_length() > kDiscardMax) return;
    current->keep = read_body([](const char*, std::size_t) { return true; });
  }

  // False: longer than allowed (chunked, or once decompressed).
  bool read_bounded(const BodyReader& read_body, std::string& body) {
    bool fits = true;
    body.reserve(current->socket.content_length());
    current->keep = read_body([&](const char* bytes, std::size_t size) {
      fits = body.size() + size <= limits_.body_bytes_max;
      if (fits) body.append(bytes, size);
      return fits;
    });
    return fits;
  }

  void deliver(const std::shared_ptr<PendingReply>& pending, httplib::Response& to) {
    std::optional<HttpResponse> head;
    while (!(head = pending->take_head())) {
      const auto why = current->socket.wait(current->waker->fd(), {});
      current->waker->clear();
      if (why == HttpSocket::Wait::woken) continue;
      pending->client_gone();
      current->keep = false;
      return fill_response(to, error_response(503, "unavailable", "the server is stopping"));
    }
    if (!pending->streams()) return fill_response(to, *head);
    const std::string type = head->content_type;
    fill_response(to, *head);
    to.set_chunked_content_provider(type, [this, pending, type](std::size_t, httplib::DataSink& sink) {
      return write_pieces(*pending, type, sink);
    });
  }

  // One step of a stream: what waits, or a pause until something does. False ends the connection.
  bool write_pieces(PendingReply& pending, const std::string& type, httplib::DataSink& sink) {
    const auto pieces = pending.take_pieces();
    if (!pieces.bytes.empty() && !sink.write(pieces.bytes.data(), pieces.bytes.size())) return lose(pending);
    if (pieces.state == PendingReply::Pieces::State::finished) {
      sink.done();
      return true;
    }
    HttpSocket& socket = current->socket;
    if (pieces.state == PendingReply::Pieces::State::given_up || !socket.flush()) return lose(pending);
    const bool events = type == "text/event-stream";
    switch (socket.wait(current->waker->fd(), events ? limits_.event_silence : std::chrono::milliseconds{0})) {
      case HttpSocket::Wait::woken:
        current->waker->clear();
        return true;
      case HttpSocket::Wait::silence:
        return sink.write(":\n\n", 3) || lose(pending);
      case HttpSocket::Wait::gone:
      case HttpSocket::Wait::stopping:
        return lose(pending);
    }
    return lose(pending);
  }

  bool lose(PendingReply& pending) {
    pending.client_gone();
    current->keep = false;
    return false;
  }

  const HttpLimits limits_;
  const HttpApp app_;
  Waker stopping_;
  Guarded<std::list<HttpSocket*>> idle_;
  WorkerPool pool_;
  std::jthread acceptor_;
  int port_ = -1;
};

HttpIo::HttpIo(const HttpLimits& limits, HttpApp app) : library_(std::make_unique<Library>(limits, std::move(app))) {}
HttpIo::~HttpIo() = default;
void HttpIo::start(const std::string& host, int port) { library_->begin(host, port); }
void HttpIo::stop() { library_->end(); }
int HttpIo::port() const { return library_->bound_port(); }
std::size_t HttpIo::connections() const { return library_->connections(); }

}  // namespace carillon::transport
