#include "transport/stdio_server.h"

#include <future>
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
class StreamSession final : public Relay::Loop {
 public:
  using Ended = std::function<void(LineConnection::End)>;
  struct Terms {
    Opening opening;
    StreamEnds ends;
    StreamOptions options;
    process::UniqueFd owned{};  // closed at the end
    Ended ended = nullptr;
  };

  StreamSession(Terms terms, std::stop_token stop)
      : terms_(std::move(terms)),
        connection_(terms_.ends.in, terms_.ends.out, terms_.options.lines),
        sink_(std::make_shared<LineSink>(connection_)),
        events_{[this](std::string_view line) { return take(line); }, [this] { refuse_long_line(); },
                [this] { return peer_ && peer_->in_flight() > 0; }} {
    connection_.begin(terms_.options.drain, std::move(stop));
  }
  ~StreamSession() override { finish(); }

  Round round() override {
    switch (connection_.round(events_)) {
      case LineConnection::Round::again:
        return Round::again;
      case LineConnection::Round::left:
        return Round::gone_on;
      case LineConnection::Round::over:
        break;
    }
    finish();
    return Round::over;
  }

 private:
  LineEvents::After take(std::string_view line) {
    if (!server_ && !open(line)) return LineEvents::After::go_on;
    // The text belongs to the connection, which goes on without us once the message waits for something.
    auto parsed = json_rpc::parse(line, server_->options().message);
    const std::size_t bytes = line.size();
    const auto receive = [&] { server_->receive({peer_, sink_, nullptr, bytes}, std::move(parsed)); };
    if (can_lend()) return lend(receive) == After::gone_on ? LineEvents::After::leave : LineEvents::After::go_on;
    receive();
    return LineEvents::After::go_on;
  }

  void refuse_long_line() {
    const std::string limit = std::to_string(terms_.options.lines.line_bytes_max);
    sink_->send(json_rpc::error_text(
        nullptr,
        {rpc_code::kInvalidRequest, "a message has at most " + limit + " bytes; this one was left out", nullptr}));
  }

  // False if the line was for the opening only.
  bool open(std::string_view line) {
    Opened opened = terms_.opening(line);
    if (!opened.reply.empty()) connection_.write_line(std::move(opened.reply));
    afterwards_ = std::move(opened.afterwards);
    if (!opened.server) {
      connection_.end_input();
      return false;
    }
    server_ = std::move(opened.server);
    peer_ = server_->connect(Peer::Kind::stream, std::move(opened.principal), sink_);
    peer_->set_zone(std::move(opened.zone));
    return opened.first_line == Opened::FirstLine::is_protocol;
  }

  // The client learns of the end, and its requests of its going, although some of them may still be at work here.
  void finish() {
    if (std::exchange(finished_, true)) return;
    if (peer_) server_->disconnect(peer_);
    sink_->detach();
    terms_.owned.reset();
    if (terms_.ended) terms_.ended(connection_.end());
    if (afterwards_) afterwards_();
  }

  Terms terms_;
  LineConnection connection_;
  const std::shared_ptr<LineSink> sink_;
  const LineEvents events_;
  std::shared_ptr<McpServer> server_;
  std::shared_ptr<Peer> peer_;
  std::function<void()> afterwards_;
  bool finished_ = false;
};

}  // namespace

std::shared_ptr<Relay::Loop> new_stream_session(Opening opening, process::UniqueFd fd, const StreamOptions& options,
                                                const std::stop_token& stop) {
  const StreamEnds ends{fd.get(), fd.get()};
  return std::make_shared<StreamSession>(
      StreamSession::Terms{std::move(opening), ends, options, std::move(fd), nullptr}, stop);
}

LineConnection::End serve_stream(McpServer& server, const Principal& principal, const Stream& stream,
                                 const std::stop_token& stop) {
  const std::shared_ptr<McpServer> borrowed{&server, [](McpServer*) {}};
  const auto opening = [&](std::string_view) {
    return Opened{borrowed, principal, {}, Opened::FirstLine::is_protocol};
  };
  std::promise<LineConnection::End> ended;
  const auto tell = [&](LineConnection::End how) { ended.set_value(how); };
  Relay relay{{.loops_max = 1}};
  relay.start(std::make_shared<StreamSession>(
      StreamSession::Terms{opening, stream.ends, stream.options, process::UniqueFd{}, tell}, stop));
  return ended.get_future().get();
}

}  // namespace carillon::transport
