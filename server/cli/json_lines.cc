#include "server/cli/json_lines.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "server/base/json_text.h"

namespace carillon::cli {
namespace {

// The next line of stdin without its end; what is longer than the limit is read to its end and told.
std::optional<Result<std::string>> read_line(std::size_t bytes_max) {
  std::string line;
  bool fits = true;
  int c = std::getc(stdin);
  if (c == EOF) return std::nullopt;
  for (; c != EOF && c != '\n'; c = std::getc(stdin)) {
    fits = fits && line.size() < bytes_max;
    if (fits) line += static_cast<char>(c);
  }
  if (fits) return line;
  return Error{ErrorCode::too_large, "a line has at most " + std::to_string(bytes_max) + " bytes"};
}

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

}  // namespace

void answer_lines(std::size_t bytes_max, const AnswerLine& answer) {
  while (const auto line = read_line(bytes_max)) {
    if (line->ok() && is_blank(**line)) continue;
    std::printf("%s\n", answer(*line).dump(-1, ' ', false, json::error_handler_t::replace).c_str());
    std::fflush(stdout);
  }
}

void answer_questions(std::size_t bytes_max, const AnswerQuestion& answer) {
  answer_lines(bytes_max, [&](const Result<std::string>& line) {
    return answer(line ? read_json(*line, "this line") : Result<json>{line.error()});
  });
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto close = [](std::FILE* file) { return file == stdin ? 0 : std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file{path == "-" ? stdin : std::fopen(path.c_str(), "rb"), close};
  if (!file) return Error{ErrorCode::unknown_name, path + " cannot be read"};
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return Error{ErrorCode::unknown_name, path + " cannot be read"};
  if (text.size() > bytes_max)
    return Error{ErrorCode::too_large, path + " has more than " + std::to_string(bytes_max) + " bytes"};
  return text;
}

Result<json> read_json_file(const std::string& path, std::size_t bytes_max) {
  const auto text = read_file(path, bytes_max);
  if (!text) return text.error();
  return read_json(*text, path);
}

}  // namespace carillon::cli
