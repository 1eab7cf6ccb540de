// HTTP/1.1 as text: the head of a request and its body, read within limits; the head of an answer, written.
//
// What could be read in two ways is refused, never guessed: such a request might have been read otherwise by a proxy on
// the way (RFC 9112 §6.3, §11.2). Pure; a reader belongs to one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "transport/http_handler.h"
#include "transport/http_server.h"

namespace carillon::transport {

// The head of a request, and what it says of its body and its connection.
struct HttpHead {
  HttpRequest request;
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep = true;  // the connection may be used again
  bool understands_chunks = true;
  bool waits_for_leave = false;  // Expect: 100-continue

  bool has_body() const { return chunked || content_length > 0; }
};

inline constexpr std::string_view kHttpHeadEnd = "\r\n\r\n";

// `text` ends with kHttpHeadEnd. An answer refuses it: after that nobody knows where the next request begins.
std::variant<HttpHead, HttpResponse> read_http_head(std::string_view text, const HttpLimits& limits);

// The refusal of a head or a body that goes beyond the limits before it is all there.
HttpResponse refuse_long_head(const HttpLimits& limits);
HttpResponse refuse_long_body(const HttpLimits& limits);

// Takes a body from the bytes as they come.
class HttpBody {
 public:
  HttpBody() = default;
  HttpBody(const HttpHead& head, std::size_t bytes_max);

  enum class State { unfinished, finished, malformed, too_large };
  // Takes what belongs to the body off the front of `bytes`, and appends it to `body`.
  State take(std::string_view& bytes, std::string& body);

 private:
  enum class Next { data, size_line, chunk, chunk_end, trailer };
  State take_data(std::string_view& bytes, std::string& body);
  State take_chunks(std::string_view& bytes, std::string& body);
  // One line of framing; nothing while its end has not come.
  std::optional<std::string> take_line(std::string_view& bytes);
  State take_size(std::string_view line);
  bool append(std::string_view& bytes, std::string& body);

  std::size_t bytes_max_ = 0;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  Next next_ = Next::data;
  std::string line_;
  std::size_t trailer_bytes_ = 0;
  bool line_malformed_ = false;
};

// How the receiver finds the end of an answer's body.
enum class BodyEnd { by_length, by_chunks, by_closing };
enum class Afterwards { keep, close };
// Status line and headers, with the blank line. A status that has no body gets no length.
std::string http_head_text(const HttpResponse& response, BodyEnd body_end, Afterwards after);
// A piece of a body as a chunk; the empty piece is the last one.
void append_chunk(std::string& out, std::string_view piece);

}  // namespace carillon::transport
