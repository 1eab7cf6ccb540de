#include "transport/http_message.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/base/ascii.h"

namespace carillon::transport {
namespace {

constexpr std::string_view kHeaderBlanks = " \t";
constexpr std::size_t kTargetBytesMax = 8192;
constexpr std::size_t kChunkLineBytesMax = 1024;
constexpr std::size_t kTrailerBytesMax = 8192;

HttpResponse malformed() { return error_response(400, "malformed", "the request's head is malformed"); }

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_field_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

enum class Plus { is_plus, is_space };
// %XX becomes its byte; a % that is none stays as it is.
std::string decoded(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (coded) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' && plus == Plus::is_space ? ' ' : text[i];
    }
  }
  return out;
}

void read_query(std::string_view text, std::map<std::string, std::string>& query) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty())
      query.emplace(decoded(pair.substr(0, equals), Plus::is_space),
                    decoded(pair.substr(std::min(equals + 1, pair.size())), Plus::is_space));
  }
}

// "POST /mcp?x=1 HTTP/1.1"
std::optional<HttpResponse> read_request_line(std::string_view line, HttpHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t second = line.rfind(' ');
  if (first == std::string_view::npos || first == second) return malformed();
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(method) || target.find(' ') != std::string_view::npos || !is_field_text(target)) return malformed();
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return error_response(505, "unsupported", "only HTTP/1.1 is spoken here");
  if (target.size() > kTargetBytesMax)
    return error_response(414, "too_large", "a path has at most " + std::to_string(kTargetBytesMax) + " bytes");
  // A proxy may send the whole address (RFC 9112 §3.2.2).
  if (target.starts_with("http://") || target.starts_with("https://"))
    target = target.substr(std::min(target.find('/', target.find("://") + 3), target.size()));
  if (target.empty() || (target.front() != '/' && target != "*")) return malformed();
  target = target.substr(0, target.find('#'));
  const std::size_t question = std::min(target.find('?'), target.size());
  head.request.method = method;
  head.request.path = decoded(target.substr(0, question), Plus::is_plus);
  if (question < target.size()) read_query(target.substr(question + 1), head.request.query);
  head.understands_chunks = head.keep = version == "HTTP/1.1";
  return std::nullopt;
}

// Whether a comma-separated list has the word.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (same_text(trimmed(list.substr(0, end), kHeaderBlanks), word)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// What headers say of the body's length, seen so far.
struct Framing {
  bool has_length = false;
};

// False: the request cannot be understood safely.
bool read_framing(std::string_view name, std::string_view value, HttpHead& head, Framing& framing) {
  if (same_text(name, "Content-Length")) {
    const bool digits = !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), head.content_length);
    if (framing.has_length || !digits || problem != std::errc{}) return false;
    framing.has_length = true;
  } else if (same_text(name, "Transfer-Encoding")) {
    if (head.chunked || !same_text(value, "chunked")) return false;
    head.chunked = true;
  } else if (same_text(name, "Connection")) {
    if (lists(value, "close")) head.keep = false;
    if (lists(value, "keep-alive")) head.keep = true;
  } else if (same_text(name, "Expect")) {
    head.waits_for_leave = same_text(value, "100-continue");
  }
  return true;
}

bool read_header(std::string_view line, HttpHead& head, Framing& framing) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1), kHeaderBlanks);
  if (!is_token(name) || !is_field_text(value) || !read_framing(name, value, head, framing)) return false;
  head.request.headers.emplace(name, value);
  return true;
}

// Bodies are taken as they are: what is compressed or in parts would have to be unpacked first.
std::optional<HttpResponse> refuse_form(const HttpHead& head) {
  if (!head.has_body()) return std::nullopt;
  const auto encoding = head.request.header("Content-Encoding");
  if (encoding && !same_text(*encoding, "identity"))
    return error_response(415, "unsupported", "send the body without Content-Encoding");
  const auto type = head.request.header("Content-Type");
  if (type && same_text(type->substr(0, 19), "multipart/form-data"))
    return error_response(415, "unsupported", "multipart bodies are not understood here");
  return std::nullopt;
}

struct Reason {
  int status;
  std::string_view text;
};
constexpr auto kReasons = std::to_array<Reason>({{200, "OK"},
                                                 {201, "Created"},
                                                 {202, "Accepted"},
                                                 {204, "No Content"},
                                                 {304, "Not Modified"},
                                                 {400, "Bad Request"},
                                                 {401, "Unauthorized"},
                                                 {403, "Forbidden"},
                                                 {404, "Not Found"},
                                                 {405, "Method Not Allowed"},
                                                 {406, "Not Acceptable"},
                                                 {408, "Request Timeout"},
                                                 {409, "Conflict"},
                                                 {413, "Content Too Large"},
                                                 {414, "URI Too Long"},
                                                 {415, "Unsupported Media Type"},
                                                 {422, "Unprocessable Content"},
                                                 {429, "Too Many Requests"},
                                                 {431, "Request Header Fields Too Large"},
                                                 {500, "Internal Server Error"},
                                                 {503, "Service Unavailable"},
                                                 {505, "HTTP Version Not Supported"}});

std::string_view reason_of(int status) {
  const auto* const found =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& each) { return each.status == status; });
  return found == kReasons.end() ? std::string_view{"Status"} : found->text;
}

}  // namespace

std::variant<HttpHead, HttpResponse> read_http_head(std::string_view text, const HttpLimits& limits) {
  if (text.size() > limits.header_bytes_max) return refuse_long_head(limits);
  HttpHead head;
  Framing framing;
  const std::size_t line_end = text.find("\r\n");
  if (auto refused = read_request_line(text.substr(0, line_end), head)) return std::move(*refused);
  std::size_t at = line_end + 2;
  for (std::size_t count = 0; at < text.size() - 2; ++count) {
    if (count >= limits.headers_max)
      return error_response(431, "too_large",
                            "a request has at most " + std::to_string(limits.headers_max) + " headers");
    const std::size_t end = text.find("\r\n", at);
    if (!read_header(text.substr(at, end - at), head, framing)) return malformed();
    at = end + 2;
  }
  if (framing.has_length && head.chunked) return malformed();
  if (head.content_length > limits.body_bytes_max) return refuse_long_body(limits);
  if (auto refused = refuse_form(head)) return std::move(*refused);
  return head;
}

HttpResponse refuse_long_head(const HttpLimits& limits) {
  return error_response(431, "too_large", "headers have at most " + std::to_string(limits.header_bytes_max) + " bytes");
}

HttpResponse refuse_long_body(const HttpLimits& limits) {
  return error_response(413, "too_large", "a body has at most " + std::to_string(limits.body_bytes_max) + " bytes");
}

HttpBody::HttpBody(const HttpHead& head, std::size_t bytes_max)
    : bytes_max_(bytes_max), left_(head.content_length), next_(head.chunked ? Next::size_line : Next::data) {}

HttpBody::State HttpBody::take(std::string_view& bytes, std::string& body) {
  return next_ == Next::data ? take_data(bytes, body) : take_chunks(bytes, body);
}

HttpBody::State HttpBody::take_data(std::string_view& bytes, std::string& body) {
  if (!append(bytes, body)) return State::too_large;
  return left_ == 0 ? State::finished : State::unfinished;
}

HttpBody::State HttpBody::take_chunks(std::string_view& bytes, std::string& body) {
  while (true) {
    if (next_ == Next::chunk) {
      if (!append(bytes, body)) return State::too_large;
      if (left_ > 0) return State::unfinished;
      next_ = Next::chunk_end;
    }
    const auto line = take_line(bytes);
    if (line_malformed_) return State::malformed;
    if (!line) return State::unfinished;
    if (next_ == Next::trailer) {
      if (line->empty()) return State::finished;
      trailer_bytes_ += line->size();
      if (trailer_bytes_ > kTrailerBytesMax) return State::malformed;
    } else if (next_ == Next::chunk_end) {
      if (!line->empty()) return State::malformed;
      next_ = Next::size_line;
    } else if (const auto state = take_size(*line); state != State::unfinished) {
      return state;
    }
  }
}

// "1a2b" or "1a2b;extension"
HttpBody::State HttpBody::take_size(std::string_view line) {
  const std::string_view size = trimmed(line.substr(0, line.find(';')), kHeaderBlanks);
  constexpr std::size_t kDigitsMax = 15;
  if (size.empty() || size.size() > kDigitsMax) return State::malformed;
  const auto [end, problem] = std::from_chars(size.data(), size.data() + size.size(), left_, 16);
  if (problem != std::errc{} || end != size.data() + size.size()) return State::malformed;
  next_ = left_ == 0 ? Next::trailer : Next::chunk;
  return State::unfinished;
}

std::optional<std::string> HttpBody::take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  line_.append(bytes.substr(0, end));
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  line_malformed_ = line_.size() > kChunkLineBytesMax;
  if (end == std::string_view::npos) return std::nullopt;
  // A line that ends without \r would be read otherwise by others.
  if (!line_.ends_with('\r')) line_malformed_ = true;
  std::string line = std::exchange(line_, {});
  if (!line.empty()) line.pop_back();
  return line;
}

// False: the body would become too long.
bool HttpBody::append(std::string_view& bytes, std::string& body) {
  const std::string_view ours = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
  if (body.size() + ours.size() > bytes_max_) return false;
  body.append(ours);
  left_ -= ours.size();
  bytes.remove_prefix(ours.size());
  return true;
}

std::string http_head_text(const HttpResponse& response, BodyEnd body_end, Afterwards after) {
  constexpr int kNoContent = 204;
  std::string text = "HTTP/1.1 ";
  text.append(std::to_string(response.status)).append(" ").append(reason_of(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) text.append(name).append(": ").append(value).append("\r\n");
  const bool has_body = !response.body.empty() || body_end != BodyEnd::by_length;
  if (has_body) text.append("Content-Type: ").append(response.content_type).append("\r\n");
  if (body_end == BodyEnd::by_chunks) text.append("Transfer-Encoding: chunked\r\n");
  if (body_end == BodyEnd::by_length && response.status != kNoContent)
    text.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  if (after == Afterwards::close) text.append("Connection: close\r\n");
  return text.append("\r\n");
}

void append_chunk(std::string& out, std::string_view piece) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
  out.append(size.data(), end).append("\r\n").append(piece).append("\r\n");
}

}  // namespace carillon::transport
