#include "server/worker/run_output.h"

namespace carillon {
namespace {

constexpr auto kReplace = json::error_handler_t::replace;

std::string text_blocks_of(const json& content) {
  std::string text;
  for (const auto& block : content) {
    if (!block.is_object() || block.value("type", json{}) != "text") continue;
    const auto found = block.find("text");
    if (found == block.end() || !found->is_string()) continue;
    if (!text.empty()) text += '\n';
    text += found->get_ref<const std::string&>();
  }
  return text;
}

// The length of the UTF-8 sequence at `at`, 0 when there is none. Overlong forms, surrogates and what lies beyond
// U+10FFFF are refused by the limits of the second byte (Unicode 15, table 3-7).
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(at + 1) < low || byte(at + 1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte(at + i) & 0xC0U) != 0x80) return 0;
  return length;
}

}  // namespace

std::string safe_text(std::string_view text, std::size_t bytes_max) {
  std::string safe;
  safe.reserve(std::min(text.size(), bytes_max));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_at(text, at);
    const std::string_view piece = length == 0 ? std::string_view{"\xEF\xBF\xBD"} : text.substr(at, length);
    if (safe.size() + piece.size() > bytes_max) break;
    if (text[at] != '\0') safe += piece;
    at += std::max<std::size_t>(length, 1);
  }
  return safe;
}

json output_of_reply(const ToolReply& reply) {
  return json{{"content", reply.content}, {"structured", reply.structured}, {"text", text_blocks_of(reply.content)}};
}

json value_of_reply(const ToolReply& reply) {
  if (!reply.structured.is_null()) return reply.structured;
  std::string text = text_blocks_of(reply.content);
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_object() || parsed.is_array()) return parsed;
  return json{{"text", std::move(text)}};
}

KeptOutput kept(const json& output, std::size_t bytes_max) {
  KeptOutput kept;
  kept.text = output.dump(-1, ' ', false, kReplace);
  kept.bytes = static_cast<std::int64_t>(kept.text.size());
  if (kept.text.size() <= bytes_max) return kept;
  kept.cut = true;
  // Quoting can make the text longer again (a quotation mark becomes two bytes, a control character six).
  const std::string whole = output.is_object() && output.value("text", json{}).is_string() && !output["text"].empty()
                                ? output["text"].get<std::string>()
                                : kept.text;
  for (std::size_t room = bytes_max;; room /= 2) {
    const json cut{
        {"content", json::array()}, {"structured", nullptr}, {"text", safe_text(whole, room)}, {"cut", true}};
    kept.text = cut.dump(-1, ' ', false, kReplace);
    if (kept.text.size() <= bytes_max || room < 64) return kept;
  }
}

}  // namespace carillon
