// transport_load: puts load on an MCP server and prints what it measured. Driven by bench_transport.mjs.
//
//   transport_load http PORT --call TEXT [--header 'Name: value']... [--listen REQUEST]
//   transport_load stdio --call TEXT [--greet LINE]... -- PROGRAM ARGUMENT...
//
// TEXT is a tools/call with __ID__ for its id. Orders come on stdin, one a line, and each is answered by one line:
//   run CALLERS MILLISECONDS   {"calls":…,"per_second":…,"p50_us":…,"p99_us":…}
//   listen COUNT               opens that many connections with REQUEST, which stay open until the end: {"listeners":…}
#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "server/base/json.h"
#include "tests/bench/http_load.h"
#include "tests/bench/stdio_load.h"

namespace {

using namespace carillon;
using namespace carillon::bench;

struct Words {
  std::string kind;
  int port = 0;
  std::string call;
  std::string headers;
  std::string listen;
  std::vector<std::string> greeting;
  std::vector<std::string> command;
};

Words read_words(const std::vector<std::string>& given) {
  Words words;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto next = [&] { return given.at(++i); };
    if (i == 0) {
      words.kind = given[i];
      if (words.kind == "http") words.port = std::stoi(next());
    } else if (given[i] == "--call") {
      words.call = next();
    } else if (given[i] == "--header") {
      words.headers += next() + "\r\n";
    } else if (given[i] == "--listen") {
      words.listen = next();
    } else if (given[i] == "--greet") {
      words.greeting.push_back(next());
    } else if (given[i] == "--") {
      words.command.assign(given.begin() + static_cast<std::ptrdiff_t>(i) + 1, given.end());
      break;
    } else {
      throw std::runtime_error{"unknown word " + given[i]};
    }
  }
  return words;
}

CallText call_text(const std::string& text) {
  constexpr std::string_view kMark = "__ID__";
  const std::size_t at = text.find(kMark);
  if (at == std::string::npos) throw std::runtime_error{"--call has no __ID__"};
  return {text.substr(0, at), text.substr(at + kMark.size())};
}

json told(Measured& measured) {
  auto& took = measured.took_us;
  std::sort(took.begin(), took.end());
  const auto at = [&](double share) {
    return took[static_cast<std::size_t>(static_cast<double>(took.size() - 1) * share)];
  };
  return {{"calls", took.size()},
          {"per_second", static_cast<double>(took.size()) / measured.lasted.count()},
          {"p50_us", at(0.5)},
          {"p99_us", at(0.99)}};
}

void allow_descriptors() {
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return;
  now.rlim_cur = now.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &now) != 0) std::cerr << "the limit of open files could not be raised\n";
}

int obey(const Words& words) {
  std::unique_ptr<HttpLoad> http;
  std::unique_ptr<StdioLoad> stdio;
  const HttpTarget target{words.port, "/mcp", words.headers};
  if (words.kind == "http") http = std::make_unique<HttpLoad>(target, call_text(words.call));
  if (words.kind == "stdio") stdio = std::make_unique<StdioLoad>(words.command, call_text(words.call), words.greeting);
  if (!http && !stdio) throw std::runtime_error{"say http or stdio"};
  std::vector<process::UniqueFd> listeners;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream order{line};
    std::string verb;
    std::size_t count = 0;
    order >> verb >> count;
    if (verb == "listen") {
      while (listeners.size() < count) listeners.push_back(open_listener(target, words.listen));
      std::cout << json{{"listeners", listeners.size()}} << std::endl;
      continue;
    }
    std::int64_t milliseconds = 0;
    order >> milliseconds;
    const Load load{count, std::chrono::milliseconds{milliseconds}};
    Measured measured = http ? http->run(load) : stdio->run(load);
    std::cout << told(measured) << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    allow_descriptors();
    return obey(read_words({argv + 1, argv + argc}));
  } catch (const std::exception& error) {
    std::cerr << "transport_load: " << error.what() << '\n';
    return 1;
  }
}
