#include "transport/stdio_server.h"

#include <utility>

#include "transport/protocol.h"

namespace carillon::transport {
namespace {

class LineSink final : public MessageSink {
 public:
  explicit LineSink(LineConnection& connection) : connection_(&connection) {}

  void send(std::string text) override {
    const std::lock_guard lock{mutex_};
    if (connection_ != nullptr) connection_->write_line(std::move(text));
  }
  void reply(int, std::string text) override { send(std::move(text)); }
  void abandon() override {}
  // The connection is about to go; answers may still come from any thread.
  void detach() {
    const std::lock_guard lock{mutex_};
    connection_ = nullptr;
  }

 private:
  std::mutex mutex_;
  LineConnection* connection_;
};

// One connection: nobody yet, then the peer of whichever server its first line chose.
class StreamSession {
 public:
  StreamSession(const Opening& opening, LineConnection& connection, const StreamOptions& options)
      : opening_(opening), options_(options), connection_(connection), sink_(std::make_shared<LineSink>(connection)) {}
  ~StreamSession() {
    if (peer_) server_->disconnect(peer_);
    sink_->detach();
  }
  StreamSession(const StreamSession&) = delete;
  StreamSession& operator=(const StreamSession&) = delete;

  void take(std::string_view line) {
    if (!server_ && !open(line)) return;
    server_->receive_text({peer_, sink_, nullptr}, line);
  }

  void refuse_long_line() {
    const std::string limit = std::to_string(options_.lines.line_bytes_max);
    sink_->send(json_rpc::error_text(
        nullptr,
        {rpc_code::kInvalidRequest, "a message has at most " + limit + " bytes; this one was left out", nullptr}));
  }

  bool is_answering() const { return peer_ && peer_->in_flight() > 0; }

 private:
  // False if the line was for the opening only.
  bool open(std::string_view line) {
    Opened opened = opening_(line);
    if (!opened.reply.empty()) connection_.write_line(std::move(opened.reply));
    if (!opened.server) {
      connection_.end_input();
      return false;
    }
    server_ = std::move(opened.server);
    peer_ = server_->connect(Peer::Kind::stream, std::move(opened.principal), sink_);
    peer_->set_zone(std::move(opened.zone));
    return opened.first_line == Opened::FirstLine::is_protocol;
  }

  const Opening& opening_;
  const StreamOptions& options_;
  LineConnection& connection_;
  const std::shared_ptr<LineSink> sink_;
  std::shared_ptr<McpServer> server_;
  std::shared_ptr<Peer> peer_;
};

}  // namespace

LineConnection::End serve_opening(const Opening& opening, StreamEnds ends, const StreamOptions& options,
                                  const std::stop_token& stop) {
  LineConnection connection{ends.in, ends.out, options.lines};
  StreamSession session{opening, connection, options};
  const LineEvents events{[&](std::string_view line) { session.take(line); }, [&] { session.refuse_long_line(); },
                          [&] { return session.is_answering(); }};
  return connection.run(events, options.drain, stop);
}

LineConnection::End serve_stream(McpServer& server, const Principal& principal, const Stream& stream,
                                 const std::stop_token& stop) {
  const std::shared_ptr<McpServer> borrowed{&server, [](McpServer*) {}};
  return serve_opening(
      [&](std::string_view) {
        return Opened{borrowed, principal, {}, Opened::FirstLine::is_protocol};
      },
      stream.ends, stream.options, stop);
}

}  // namespace carillon::transport
