// `carillon call`: one tool call through the daemon's socket, as a modern MCP client.
#include <sys/socket.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/base/version.h"
#include "server/cli/command.h"
#include "server/cli/daemon_link.h"

namespace carillon::cli {
namespace {

constexpr Duration kStartPatience = std::chrono::seconds{60};
constexpr std::string_view kMeta = "io.modelcontextprotocol/";

// A value stays text, for the tool's own schema says what it is (input repair); only an object or a list is read here.
json read_value(const std::string& text) {
  if (text.starts_with('{') || text.starts_with('[')) {
    json value = json::parse(text, nullptr, false);
    if (!value.is_discarded()) return value;
  }
  return text;
}

// key=value words and --args into one object.
Result<json> read_arguments(const Parsed& parsed) {
  json arguments = json::parse(parsed.value("args", "{}"), nullptr, false);
  if (!arguments.is_object())
    return Error{ErrorCode::arguments_invalid, "--args is not a JSON object; write for example --args '{\"limit\":5}'"};
  for (std::size_t i = 1; i < parsed.rest.size(); ++i) {
    const std::string& word = parsed.rest[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{ErrorCode::arguments_invalid, "'" + word + "' is not of the form key=value"};
    arguments[word.substr(0, equals)] = read_value(word.substr(equals + 1));
  }
  return arguments;
}

json request(const std::string& tool, const json& arguments) {
  const std::string prefix{kMeta};
  return {{"jsonrpc", "2.0"},
          {"id", 1},
          {"method", "tools/call"},
          {"params",
           {{"name", tool},
            {"arguments", arguments},
            {"_meta",
             {{prefix + "protocolVersion", "2026-07-28"},
              {prefix + "clientCapabilities", json::object()},
              {prefix + "clientInfo", {{"name", "carillon call"}, {"version", kVersion}}}}}}}};
}

// Reads lines until the response with id 1; notifications are passed over.
std::optional<json> read_response(int fd) {
  std::string buffer;
  char bytes[16384];
  while (true) {
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return std::nullopt;
    buffer.append(bytes, static_cast<std::size_t>(got));
    for (std::size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
      json message = json::parse(buffer.substr(0, end), nullptr, false);
      buffer.erase(0, end + 1);
      if (message.is_object() && message.value("id", json(nullptr)) == 1) return message;
    }
  }
}

int print(const json& response, const Parsed& parsed) {
  if (response.contains("error")) {
    std::fprintf(stderr, "carillon: %s\n", response["error"].value("message", "the call was refused").c_str());
    return kExitFailed;
  }
  const json& result = response["result"];
  const bool failed = result.value("isError", false);
  if (parsed.has("json") && result.contains("structuredContent")) {
    std::printf("%s\n", result["structuredContent"].dump(2).c_str());
  } else {
    for (const auto& block : result.value("content", json::array()))
      if (block.value("type", "") == "text") std::fprintf(failed && !parsed.has("json") ? stderr : stdout, "%s\n", block.value("text", "").c_str());
  }
  return failed ? kExitFailed : kExitOk;
}

}  // namespace

int run_call(const Words& words) {
  const auto parsed = parse_words(words, {.command = "call",
                                          .flags = {},
                                          .own = {{"args", "the arguments as one JSON object", "OBJECT"},
                                                  {"json", "print the structured result", ""}}});
  if (!parsed) return kExitUsage;
  if (parsed->rest.empty()) {
    std::fprintf(stderr, "carillon: name a tool: carillon call get_status\n");
    return kExitUsage;
  }
  const auto arguments = read_arguments(*parsed);
  if (!arguments.ok()) {
    std::fprintf(stderr, "carillon: %s\n", arguments.error().message.c_str());
    return kExitUsage;
  }
  const auto link = find_or_start_daemon(parsed->config.paths, "mcp", kStartPatience);
  if (!link.ok()) {
    std::fprintf(stderr, "carillon: %s\n", link.error().message.c_str());
    return kExitUnavailable;
  }
  const std::string line = request(parsed->rest[0], *arguments).dump() + '\n';
  if (!send_text(link->socket.get(), line)) return kExitUnavailable;
  const auto response = read_response(link->socket.get());
  if (!response) {
    std::fprintf(stderr, "carillon: the daemon closed the connection before it answered\n");
    return kExitUnavailable;
  }
  return print(*response, *parsed);
}

}  // namespace carillon::cli
