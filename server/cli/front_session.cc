#include "server/cli/front_session.h"

namespace carillon::cli {
namespace {

// The members of a JSON-RPC message's top level that matter here; everything deeper is passed over unread.
struct Envelope {
  std::optional<json> id;
  std::optional<std::string> method;
};

class EnvelopeReader : public nlohmann::json_sax<json> {
 public:
  Envelope envelope;

  bool null() override { return value(nullptr); }
  bool boolean(bool flag) override { return value(flag); }
  bool number_integer(number_integer_t number) override { return value(number); }
  bool number_unsigned(number_unsigned_t number) override { return value(number); }
  bool number_float(number_float_t number, const string_t& /*text*/) override { return value(number); }
  bool string(string_t& text) override { return value(text); }
  bool binary(binary_t& /*bytes*/) override { return true; }
  bool start_object(std::size_t /*members*/) override { return deeper(); }
  bool key(string_t& name) override {
    if (depth_ == 1) member_ = name;
    return true;
  }
  bool end_object() override { return shallower(); }
  bool start_array(std::size_t /*elements*/) override { return depth_ == 0 ? false : deeper(); }  // a batch: no envelope
  bool end_array() override { return shallower(); }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const json::exception& /*error*/) override {
    return false;
  }

 private:
  bool deeper() {
    ++depth_;
    return true;
  }
  bool shallower() {
    --depth_;
    return true;
  }
  bool value(json scalar) {
    if (depth_ == 1 && member_ == "id") envelope.id = std::move(scalar);
    else if (depth_ == 1 && member_ == "method" && scalar.is_string()) envelope.method = scalar.get<std::string>();
    return true;
  }

  int depth_ = 0;
  std::string member_;
};

Envelope read_envelope(std::string_view line) {
  EnvelopeReader reader;
  if (!json::sax_parse(line.begin(), line.end(), &reader)) return {};
  return reader.envelope;
}

std::string lost(const json& id) {
  return json{{"jsonrpc", "2.0"},
              {"id", id},
              {"error",
               {{"code", -32603},
                {"message", "Carillon was restarted while this request was under way. What it had committed stands; "
                            "repeat the call (with the same client_generated_id, if it had one)."},
                {"data", {{"error", "unavailable"}, {"retryable", true}}}}}}
      .dump();
}

}  // namespace

void FrontSession::on_host_line(std::string_view line) {
  const Envelope envelope = read_envelope(line);
  if (!envelope.id || !envelope.method) return;
  const std::string id = envelope.id->dump(-1, ' ', false, json::error_handler_t::replace);
  under_way_[id] = *envelope.id;
  // A modern request called initialize is answered with an error; remembering it does no harm.
  if (*envelope.method != "initialize") return;
  initialize_line_ = std::string{line};
  initialize_id_ = id;
  handshake_ = Handshake::asked;
}

Pass FrontSession::on_daemon_line(std::string_view line) {
  const Envelope envelope = read_envelope(line);
  if (!envelope.id || envelope.method) return Pass::forward;
  const std::string id = envelope.id->dump(-1, ' ', false, json::error_handler_t::replace);
  if (handshake_ == Handshake::replayed && id == initialize_id_) {
    handshake_ = Handshake::answered;
    return Pass::swallow;
  }
  if (handshake_ == Handshake::asked && id == initialize_id_) handshake_ = Handshake::answered;
  under_way_.erase(id);
  return Pass::forward;
}

FrontSession::Resume FrontSession::resume() {
  Resume resume;
  if (initialize_line_) {
    resume.to_daemon.push_back(*initialize_line_);
    if (handshake_ == Handshake::asked) {
      under_way_.erase(initialize_id_);  // asked again, and its answer goes to the host
    } else {
      handshake_ = Handshake::replayed;
      resume.to_daemon.emplace_back(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
    }
  }
  for (const auto& [key, id] : under_way_) resume.to_host.push_back(lost(id));
  under_way_.clear();
  if (handshake_ == Handshake::asked) under_way_[initialize_id_] = json::parse(initialize_id_);
  return resume;
}

}  // namespace carillon::cli
