#include "catalog/server_entry.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "server/base/mask.h"
#include "server/domain/duration_text.h"
#include "server/domain/nearest.h"
#include "server/domain/refusal.h"
#include "server/domain/sensitive_values.h"
#include "server/process/executable.h"
#include "transport/client_http.h"

namespace carillon::catalog {
namespace {

constexpr std::array<std::string_view, 7> kPolicyMembers{"timeout",  "max_parallel", "max_waiting", "questions",
                                                         "sampling", "tools",        "auth"};
constexpr std::array<std::string_view, 6> kToolMembers{"effect", "timeout", "cost", "scopes", "sensitive", "answers"};
constexpr std::array<std::string_view, 3> kQuestions{"ask", "ask_or_decline", "refuse"};  // as Questions has them
constexpr std::array<std::string_view, 2> kSamplings{"refuse", "ask"};
constexpr double kDollarsMax = 10'000;
constexpr std::array<Effect, 3> kEffects{Effect::read, Effect::idempotent, Effect::destructive};

// Values that are no secrets although they stand where secrets stand; masking them would black out every path.
constexpr std::array<std::string_view, 14> kOpenVariables{"PATH",     "HOME",   "LANG",      "TZ",        "USER",
                                                          "LOGNAME",  "SHELL",  "TERM",      "TMPDIR",    "PWD",
                                                          "NODE_ENV", "LC_ALL", "NODE_PATH", "PYTHONPATH"};

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const auto& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

class EntryReader {
 public:
  EntryReader(EntriesRead& out, References& references, std::string name, std::string pointer)
      : out_(out), references_(references), pointer_(std::move(pointer)) {
    entry_.name = std::move(name);
  }

  void read(const ordered_json& value) {
    const auto before = out_.problems.size();
    check_name();
    if (!value.is_object()) {
      problem("", "an entry is an object with \"command\" or \"url\"");
      out_.broken[entry_.name] = "the entry is no object";
      return;
    }
    const bool has_command = value.contains("command"), has_url = value.contains("url");
    if (has_command == has_url)
      problem("", has_command ? "either \"command\" or \"url\", not both" : "\"command\" or \"url\" is missing");
    else if (has_command)
      read_launched(value);
    else
      read_remote(value);
    if (value.contains("carillon")) read_carillon(value["carillon"]);
    choose_auth(value);
    if (out_.problems.size() == before)
      out_.entries.push_back(std::move(entry_));
    else
      out_.broken[entry_.name] = out_.problems[before].pointer + ": " + out_.problems[before].message;
  }

 private:
  void problem(const std::string& below_entry, std::string message) {
    out_.problems.push_back({pointer_ + below_entry, std::move(message)});
  }

  void check_name() {
    const bool fits = !entry_.name.empty() && entry_.name.size() <= 64 &&
                      std::all_of(entry_.name.begin(), entry_.name.end(),
                                  [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c >= 0x80; });
    if (!fits) problem("", "a server's name has 1 to 64 letters, digits, - and _ (a dot divides server and tool)");
    if (entry_.name == "carillon") problem("", "\"carillon\" names the built-in server");
  }

  std::string text(const ordered_json& value, const std::string& where) {
    if (!value.is_string()) {
      problem(where, "must be a string");
      return "";
    }
    return taken(references_.expand(value.get<std::string>()), where);
  }
  // The same for a value that may be a reference as a whole.
  std::string secret(const ordered_json& value, const std::string& where) {
    if (value.is_string()) return taken(references_.resolve(value.get<std::string>()), where);
    return text(value, where);
  }
  std::string taken(Result<std::string> read, const std::string& where) {
    if (read) return *std::move(read);
    problem(where, read.error().message);
    return "";
  }

  void read_launched(const ordered_json& value) {
    LaunchedServer launched;
    launched.arguments.push_back(text(value["command"], "/command"));
    if (value["command"] == "") problem("/command", "the command is empty");
    if (value.contains("args") && !value["args"].is_array()) problem("/args", "must be a list of strings");
    if (value.contains("args") && value["args"].is_array())
      for (std::size_t i = 0; i < value["args"].size(); ++i)
        launched.arguments.push_back(text(value["args"][i], "/args/" + std::to_string(i)));
    if (value.contains("cwd")) launched.directory = text(value["cwd"], "/cwd");
    launched.environment = process::inherited_environment(process::server_environment_names());
    for (auto& [name, secret] : pairs(value, "env")) {
      if (std::find(kOpenVariables.begin(), kOpenVariables.end(), name) == kOpenVariables.end())
        register_secret(secret);
      launched.environment[name] = secret;
    }
    entry_.reach = std::move(launched);
  }

  void read_remote(const ordered_json& value) {
    RemoteServer remote;
    remote.url = text(value["url"], "/url");
    if (value.value("type", ordered_json("http")) == "sse")
      problem("/type", "the old HTTP+SSE transport is not spoken here; use the server's Streamable HTTP address");
    if (!transport::parse_http_address(remote.url))
      problem("/url", "must be an http or https address without a user in it");
    register_query_values(remote.url);
    remote.headers = pairs(value, "headers");
    for (const auto& [name, secret] : remote.headers) {
      register_secret(secret);
      if (const auto space = secret.find(' '); space != std::string::npos) register_secret(secret.substr(space + 1));
      if (secret.find_first_of("\r\n") != std::string::npos || name.find_first_of(": \r\n") != std::string::npos)
        problem(below("/headers", name), "no HTTP header looks like this");
    }
    entry_.reach = std::move(remote);
  }

  static void register_query_values(const std::string& url) {
    for (auto at = url.find('?'); at != std::string::npos; at = url.find('&', at + 1)) {
      const auto equals = url.find('=', at);
      if (equals != std::string::npos) register_secret(url.substr(equals + 1, url.find('&', equals) - equals - 1));
    }
  }

  std::vector<std::pair<std::string, std::string>> pairs(const ordered_json& value, const std::string& member) {
    std::vector<std::pair<std::string, std::string>> found;
    if (!value.contains(member)) return found;
    if (!value[member].is_object()) {
      problem("/" + member, "must be an object of strings");
      return found;
    }
    for (const auto& [name, each] : value[member].items()) {
      const bool plain = each.is_number() || each.is_boolean();  // hosts accept FOO: 1
      const std::string where = below("/" + member, name);
      found.emplace_back(name, plain ? each.dump() : secret(each, where));
    }
    return found;
  }

  void read_carillon(const ordered_json& value) {
    if (!value.is_object()) return problem("/carillon", "must be an object");
    check_members(value, kPolicyMembers, "/carillon");
    if (value.contains("auth")) read_auth_member(value["auth"]);
    if (value.contains("timeout")) entry_.timeout = duration(value["timeout"], "/carillon/timeout");
    entry_.parallel_max = count(value, "max_parallel", 1);
    entry_.waiting_max = count(value, "max_waiting", 0);
    entry_.questions = choice(value, "questions", kQuestions, entry_.questions);
    entry_.sampling = choice(value, "sampling", kSamplings, entry_.sampling);
    if (!value.contains("tools")) return;
    if (!value["tools"].is_object()) return problem("/carillon/tools", "must be an object, one member a tool");
    for (const auto& [name, policy] : value["tools"].items()) read_tool(name, policy);
  }

  std::optional<int> count(const ordered_json& value, const std::string& member, int least) {
    if (!value.contains(member)) return std::nullopt;
    const auto& number = value[member];
    if (number.is_number_integer() && number >= least && number <= 10'000) return number.get<int>();
    problem("/carillon/" + member, "must be a whole number from " + std::to_string(least) + " to 10000");
    return std::nullopt;
  }

  // One of several words, which stand in the order of the enumerators.
  template <class Enum, std::size_t N>
  Enum choice(const ordered_json& value, const std::string& member, const std::array<std::string_view, N>& words,
              Enum otherwise) {
    if (!value.contains(member)) return otherwise;
    std::string accepted;
    for (std::size_t i = 0; i < N; ++i) {
      if (value[member] == std::string{words[i]}) return static_cast<Enum>(i);
      accepted += (i == 0 ? "" : i + 1 < N ? ", " : " or ") + ("\"" + std::string{words[i]} + "\"");
    }
    problem("/carillon/" + member, "must be " + accepted);
    return otherwise;
  }

  void read_auth_member(const ordered_json& value) {
    auth_ = read_auth(value, pointer_ + "/carillon/auth", references_, out_.problems);
    if (!entry_.is_remote()) problem("/carillon/auth", "is for servers with a \"url\"");
  }

  // A fixed Authorization header is an answer already; everything else may have to sign in.
  void choose_auth(const ordered_json& value) {
    auto* remote = std::get_if<RemoteServer>(&entry_.reach);
    if (!remote || remote->url.empty()) return;
    const bool fixed = std::any_of(remote->headers.begin(), remote->headers.end(),
                                   [](const auto& header) { return is_authorization(header.first); });
    if (fixed && auth_)
      problem("/carillon/auth", "there is a fixed Authorization header as well; only one can be meant");
    if (!fixed && value.contains("url")) remote->auth = auth_.value_or(AuthEntry{});
  }

  static bool is_authorization(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name == "authorization";
  }

  void read_tool(const std::string& name, const ordered_json& value) {
    const std::string where = below("/carillon/tools", name);
    if (!value.is_object()) return problem(where, "must be an object");
    check_members(value, kToolMembers, where);
    ToolPolicy policy;
    if (value.contains("effect")) {
      const auto found = std::find_if(kEffects.begin(), kEffects.end(),
                                      [&](Effect effect) { return value["effect"] == std::string{name_of(effect)}; });
      if (found == kEffects.end())
        problem(where + "/effect", "must be \"read\", \"idempotent\" or \"destructive\"");
      else
        policy.effect = *found;
    }
    if (value.contains("timeout")) policy.timeout = duration(value["timeout"], where + "/timeout");
    if (value.contains("cost")) {
      if (!value["cost"].is_number() || value["cost"] < 0 || value["cost"] > kDollarsMax)
        problem(where + "/cost", "must be US dollars a call, a number from 0 to 10000");
      else
        policy.cost = Cost::of_dollars(value["cost"].get<double>());
    }
    policy.scopes = scopes(value, where);
    policy.sensitive = texts(value, "sensitive", where);
    for (const auto& pointer : policy.sensitive)
      if (!is_json_pointer(pointer)) problem(where + "/sensitive", "\"" + pointer + "\" is no JSON pointer");
    if (value.contains("answers")) policy.answers = answers(value["answers"], where + "/answers");
    entry_.tools[name] = std::move(policy);
  }

  // What a form can hold: a string (with references), a number, true or false, a list of strings.
  json answers(const ordered_json& value, const std::string& where) {
    json found = json::object();
    if (!value.is_object()) {
      problem(where, "must be an object, one member a field");
      return found;
    }
    for (const auto& [field, answer] : value.items()) {
      const bool is_list = answer.is_array() &&
                           std::all_of(answer.begin(), answer.end(), [](const auto& each) { return each.is_string(); });
      if (answer.is_string())
        found[field] = text(answer, below(where, field));
      else if (answer.is_number() || answer.is_boolean() || is_list)
        found[field] = json(answer);
      else
        problem(below(where, field), "must be a string, a number, true or false, or a list of strings");
    }
    return found;
  }

  std::vector<std::string> texts(const ordered_json& value, const std::string& member, const std::string& where) {
    std::vector<std::string> found;
    if (!value.contains(member)) return found;
    const auto& list = value[member];
    if (!list.is_array() || !std::all_of(list.begin(), list.end(), [](const auto& each) { return each.is_string(); })) {
      problem(where + "/" + member, "must be a list of strings");
      return found;
    }
    for (const auto& each : list) found.push_back(each.get<std::string>());
    return found;
  }

  Scopes scopes(const ordered_json& value, const std::string& where) {
    Scopes found;
    for (const auto& name : texts(value, "scopes", where)) {
      if (const auto scope = scope_named(name))
        found.add(*scope);
      else
        problem(where + "/scopes", "there is no scope \"" + name + "\"; accepted are " + join(Scopes::all().names()));
    }
    return found;
  }

  std::optional<Duration> duration(const ordered_json& value, const std::string& where) {
    if (value.is_number() && value > 0 && value < 1'000'000)
      return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{value.get<double>()});
    if (value.is_string()) {
      const auto read = read_duration(value.get<std::string>(), where);
      if (read.ok() && *read > Duration::zero()) return *read;
    }
    problem(where, "must be a duration such as \"30s\", or a number of seconds");
    return std::nullopt;
  }

  template <std::size_t N>
  void check_members(const ordered_json& value, const std::array<std::string_view, N>& known,
                     const std::string& where) {
    for (const auto& [name, member] : value.items())
      if (std::find(known.begin(), known.end(), name) == known.end())
        problem(below(where, name), "there is no such setting" + did_you_mean(nearest(name, known)));
  }

  EntriesRead& out_;
  References& references_;
  std::string pointer_;
  ServerEntry entry_;
  std::optional<AuthEntry> auth_;
};

bool is_carillon(const std::string& word) {
  if (std::filesystem::path{word}.filename() == "carillon") return true;
  std::error_code missing;
  return word.find('/') != std::string::npos && std::filesystem::equivalent(word, process::own_executable(), missing) &&
         !missing;
}

}  // namespace

const ToolPolicy& ServerEntry::policy(const std::string& tool) const {
  static const ToolPolicy none;
  const auto found = tools.find(tool);
  return found == tools.end() ? none : found->second;
}

const ordered_json* find_entries(const ordered_json& document) {
  if (!document.is_object()) return nullptr;
  for (const char* member : {"mcpServers", "servers"})
    if (const auto found = document.find(member); found != document.end()) return &*found;
  return nullptr;
}

EntriesRead read_entries(const ordered_json& document, const Vault& vault) {
  EntriesRead out;
  References references{vault};
  const auto* entries = find_entries(document);
  if (!document.is_object())
    out.problems.push_back({"", "the file must hold an object with the member \"mcpServers\""});
  if (!entries) return out;
  const std::string root = document.contains("mcpServers") ? "/mcpServers" : "/servers";
  if (!entries->is_object()) {
    out.problems.push_back({root, "must be an object, one member a server"});
    return out;
  }
  for (const auto& [name, value] : entries->items()) {
    if (launches_carillon(value)) {
      out.warnings.push_back("\"" + name + "\" starts Carillon itself and is skipped");
      continue;
    }
    if (value.is_object() && value.value("disabled", ordered_json()) == true) continue;
    EntryReader{out, references, name, below(root, name)}.read(value);
  }
  out.files = references.files();
  return out;
}

bool launches_carillon(const ordered_json& entry) {
  if (!entry.is_object() || !entry.contains("command") || !entry["command"].is_string()) return false;
  std::vector<std::string> words{entry["command"].get<std::string>()};
  if (entry.contains("args") && entry["args"].is_array())
    for (const auto& word : entry["args"])
      if (word.is_string()) words.push_back(word.get<std::string>());
  // Directly, or behind npx, env and the like; a folder that is merely called carillon is no program.
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool is_front = i + 1 < words.size() && (words[i + 1] == "mcp" || words[i + 1] == "serve");
    if (is_carillon(words[i]) && (i == 0 || is_front)) return true;
    if (words[i].find("carillon mcp") != std::string::npos) return true;  // sh -c "…"
  }
  return false;
}

}  // namespace carillon::catalog
