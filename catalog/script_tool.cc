#include "catalog/script_tool.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "catalog/reply.h"
#include "server/base/json_text.h"
#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/domain/template.h"
#include "server/process/child.h"

namespace carillon::catalog {
namespace {

constexpr const char* kSchema = R"({"type": "object", "properties": {
  "command": {"type": "array", "description": "a program of script.programs, and its arguments",
    "items": {"type": "string", "maxLength": 100000}, "minItems": 1, "maxItems": 1000},
  "stdin": {"description": "what it reads: a text as it is, anything else as JSON"}},
  "required": ["command"], "additionalProperties": false})";

// Gone with everything in it when the call ends.
class OwnDirectory {
 public:
  OwnDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "carillon-script-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
    path_ = name;
  }
  ~OwnDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  OwnDirectory(const OwnDirectory&) = delete;
  OwnDirectory& operator=(const OwnDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

process::Command command_of(const json& arguments, const std::string& directory, const ScriptOptions& options,
                            Duration timeout) {
  process::Command command;
  command.arguments = arguments.at("command").get<std::vector<std::string>>();
  command.directory = directory;
  process::Confinement confinement;
  // Of one processor; several threads may use more.
  confinement.cpu = std::chrono::ceil<std::chrono::seconds>(timeout) + std::chrono::seconds{1};
  confinement.memory_bytes_max = options.memory_bytes_max;
  confinement.no_network = process::can_take_network_away();
  command.confinement = confinement;
  return command;
}

std::string input_of(const json& arguments) {
  const json input = arguments.value("stdin", json());
  if (input.is_null()) return "";
  return input.is_string() ? input.get<std::string>() : input.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Text that can stand in JSON.
std::string shown(const std::string& output, std::size_t bytes_max) {
  const std::string text = json(output.substr(0, bytes_max)).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(text).get<std::string>();
}

// What is a JSON object or a list is one, as with any text result.
json read_output(const std::string& text, bool is_cut) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (is_cut || from == std::string::npos || (text[from] != '{' && text[from] != '[')) return text;
  auto read = read_json(text, "stdout");
  return read ? *std::move(read) : json(text);
}

ToolReply reply_to(const process::Finished& finished, const ScriptOptions& options, bool has_network) {
  const std::size_t most = options.output_bytes_max;
  const bool is_cut = finished.output.size() > most || finished.errors.size() > most;
  const std::string output = shown(finished.output, most), errors = shown(finished.errors, most);
  ToolReply reply = text_reply(output);
  json result{{"exit_code", finished.exit.code},
              {"stdout", read_output(output, finished.output.size() > most)},
              {"stderr", errors},
              {"cut", is_cut},
              {"network", has_network}};
  if (finished.exit.signal != 0) result["signal"] = finished.exit.signal;
  reply.structured = mask_secrets(result);
  if (finished.exit.clean()) return reply;
  reply.failure = ErrorClass::tool_error;
  reply.message = "it " + process::describe(finished.exit);
  const std::string words = last_words(errors);
  if (!words.empty()) reply.message += ": " + shortened(words, kExcerptBytesMax);
  reply.message = mask_secrets(reply.message);
  return reply;
}

ToolReply run(const ToolCall& call, const std::stop_token& stop, const ScriptOptions& options) {
  const OwnDirectory directory;
  const auto command = command_of(call.arguments, directory.path(), options, call.timeout);
  const bool has_network = !command.confinement->no_network;
  if (has_network) log::warn("a script runs with the network because the kernel allows no namespaces to us");
  const auto deadline = std::chrono::steady_clock::now() + call.timeout;
  const auto finished = process::run_to_end(command, {.input = input_of(call.arguments),
                                                      .timeout = call.timeout,
                                                      .output_bytes_max = options.output_bytes_max + 1,
                                                      .stop = stop});
  if (finished) return reply_to(*finished, options, has_network);
  if (stop.stop_requested())
    return failed_reply(ErrorClass::cancelled, "the program was ended because the call was cancelled", Arrived::maybe);
  if (std::chrono::steady_clock::now() >= deadline)
    return failed_reply(ErrorClass::timeout, finished.error().message, Arrived::maybe);
  return failed_reply(ErrorClass::unavailable, finished.error().message, Arrived::no);
}

}  // namespace

BuiltInTool script_tool(const ScriptOptions& options) {
  BuiltInTool tool;
  tool.name = "run_script";
  tool.title = "Run a program";
  tool.description =
      "Runs a program that the configuration allows, confined; its result is {exit_code, stdout, stderr}.";
  tool.input_schema = ordered_json::parse(kSchema);
  // So that a step is refused when it is saved, with what there is.
  tool.input_schema["properties"]["command"]["prefixItems"] =
      ordered_json::array({ordered_json{{"enum", options.programs}}});
  if (options.programs.empty())
    tool.off = Error{ErrorCode::not_allowed,
                     "scripts are off: allow programs by their absolute paths in the configuration (script.programs)"};
  const auto allowed = [options](const std::string& program) -> Status {
    if (std::find(options.programs.begin(), options.programs.end(), program) != options.programs.end()) return Done{};
    return Error{ErrorCode::not_allowed, "the configuration does not allow this program (script.programs)",
                 "/command/0"};
  };
  tool.check = [allowed](const json& arguments) -> Status {
    const json command = arguments.value("command", json());
    if (!command.is_array() || command.empty() || !command[0].is_string() || has_template(command[0])) return Done{};
    return allowed(command[0].get<std::string>());
  };
  tool.destination = [options, allowed](const ToolCall& call) -> Result<Destination> {
    const auto command = call.arguments.at("command").get<std::vector<std::string>>();
    if (std::any_of(command.begin(), command.end(),
                    [](const auto& each) { return each.find('\0') != std::string::npos; }))
      return Error{ErrorCode::arguments_invalid, "an argument of a program holds no NUL character", "/command"};
    if (auto may = allowed(command.front()); !may) return may.error();
    return Destination{"script", static_cast<std::size_t>(options.parallel_max), false};
  };
  tool.run = [options](const ToolCall& call, const std::stop_token& stop) { return run(call, stop, options); };
  return tool;
}

}  // namespace carillon::catalog
