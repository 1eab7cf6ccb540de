// Plays tests/transcripts/*.txt against the server, in memory and over a real socket pair. A new case is a new file:
//   # what the case shows          > a line of the client          < a line the server must send
// Server lines between two client lines may come in any order. An expected object may leave members out; "<any>" stands
// for any value, "<absent>" for a member that must not be there; "<keep x>" for any text, which stands for <x> from the
// client's next line on. What is sent beyond the expected fails the case. The server of tasks_*.txt keeps tasks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/transport/pipe_client.h"
#include "tests/transport/tasks_fixture.h"

namespace carillon::transport {
namespace {

using fixture::Collected;
using fixture::PipeClient;

struct Turn {
  std::vector<std::string> said;
  std::vector<json> expected;
};

// What was kept, by the name it has in the transcript.
using Kept = std::map<std::string, std::string>;

std::string filled_in(std::string line, const Kept& kept) {
  for (const auto& [name, value] : kept) {
    const std::string mark = "<" + name + ">";
    for (std::size_t at = line.find(mark); at != std::string::npos; at = line.find(mark, at + value.size()))
      line.replace(at, mark.size(), value);
  }
  return line;
}

std::vector<Turn> read_transcript(const std::filesystem::path& path) {
  std::ifstream in{path};
  std::vector<Turn> turns;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("> ")) {
      if (turns.empty() || !turns.back().expected.empty()) turns.emplace_back();
      turns.back().said.push_back(line.substr(2));
    } else if (line.starts_with("< ")) {
      REQUIRE_FALSE(turns.empty());
      turns.back().expected.push_back(json::parse(line.substr(2)));
    } else {
      INFO(path << ": " << line);
      REQUIRE((line.empty() || line.starts_with("#")));
    }
  }
  return turns;
}

bool fits(const json& expected, const json& actual, Kept& kept) {
  constexpr std::string_view kKeep = "<keep ";
  if (expected == "<any>") return true;
  if (expected.is_string() && expected.get_ref<const std::string&>().starts_with(kKeep)) {
    const auto& mark = expected.get_ref<const std::string&>();
    if (actual.is_string()) kept[mark.substr(kKeep.size(), mark.size() - kKeep.size() - 1)] = actual;
    return actual.is_string();
  }
  const auto each_fits = [&](const json& wanted, const json& given) { return fits(wanted, given, kept); };
  if (expected.is_array())
    return actual.is_array() && std::equal(expected.begin(), expected.end(), actual.begin(), actual.end(), each_fits);
  if (!expected.is_object()) return expected == actual;
  if (!actual.is_object()) return false;
  return std::all_of(expected.items().begin(), expected.items().end(), [&](const auto& member) {
    if (member.value() == "<absent>") return !actual.contains(member.key());
    return actual.contains(member.key()) && each_fits(member.value(), actual[member.key()]);
  });
}

void check_turn(const Turn& turn, const std::vector<std::string>& sent, Kept& kept) {
  std::vector<json> left;
  for (const auto& text : sent) left.push_back(json::parse(text));
  for (const auto& as_written : turn.expected) {
    const json expected = json::parse(filled_in(as_written.dump(), kept));
    const auto found =
        std::find_if(left.begin(), left.end(), [&](const json& each) { return fits(expected, each, kept); });
    INFO("after: " << turn.said.back());
    INFO("expected: " << expected.dump());
    for (const auto& each : left) UNSCOPED_INFO("sent: " << each.dump());
    REQUIRE(found != left.end());
    left.erase(found);
  }
  for (const auto& each : left) FAIL_CHECK("not expected: " << each.dump());
}

std::vector<std::filesystem::path> transcripts() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator{"tests/transcripts"})
    if (entry.path().extension() == ".txt") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

// The server that a transcript is about.
class Stage {
 public:
  explicit Stage(const std::filesystem::path& transcript) {
    if (transcript.filename().string().starts_with("tasks_")) {
      with_tasks_.emplace();
    } else {
      plain_.emplace();
    }
  }
  McpServer& mcp() { return plain_ ? plain_->mcp : with_tasks_->mcp; }

 private:
  std::optional<fixture::Server> plain_;
  std::optional<fixture::TaskServer> with_tasks_;
};

TEST_CASE("every transcript plays in memory", "[transport][transcript]") {
  const auto path = GENERATE(from_range(transcripts()));
  CAPTURE(path.string());
  Stage stage{path};
  McpServer& mcp = stage.mcp();
  Kept kept;
  const auto sink = std::make_shared<Collected>();
  const auto peer = mcp.connect(Peer::Kind::stream, {"t", "a", {}}, sink);
  for (const auto& turn : read_transcript(path)) {
    for (const auto& line : turn.said) mcp.receive_text({peer, sink, nullptr}, filled_in(line, kept));
    check_turn(turn, sink->take(), kept);
  }
  mcp.disconnect(peer);
}

TEST_CASE("every transcript plays over a socket pair", "[transport][transcript]") {
  const auto path = GENERATE(from_range(transcripts()));
  CAPTURE(path.string());
  Stage stage{path};
  PipeClient client{stage.mcp()};
  Kept kept;
  for (const auto& turn : read_transcript(path)) {
    for (const auto& line : turn.said) client.say(filled_in(line, kept));
    check_turn(turn, client.hear(turn.expected.size()), kept);
  }
  CHECK(client.hear_to_the_end().empty());
}

}  // namespace
}  // namespace carillon::transport
