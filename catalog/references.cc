#include "catalog/references.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "server/base/mask.h"

namespace carillon::catalog {
namespace {

constexpr std::string_view kSecret = "secret:", kVariable = "env:", kFile = "file:";

Error unreadable(std::string message) { return Error{ErrorCode::arguments_invalid, std::move(message)}; }

Result<std::string> read_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return unreadable("names the variable " + name + ", which is not set here");
  return std::string{value};
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

// An absolute path; `file:///x` is an address, which servers that are no secret's business take as it is.
bool is_file_path(std::string_view path) { return path.starts_with('/') && !path.starts_with("//"); }

void drop_line_end(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

}  // namespace

Result<std::string> References::read_secret(const std::string& name) const {
  const auto value = vault_.read(Shelf::secrets, name);
  if (value) return *value;
  if (value.error().code != ErrorCode::unknown_name) return unreadable("names a secret: " + value.error().message);
  return unreadable("names the secret \"" + name +
                    "\", which is not in the vault; put it there with `carillon secret set " + name + "`");
}

Result<std::string> References::read_file(const std::string& path) {
  files_[path] = stamp_of(path);
  std::ifstream file{path, std::ios::binary};
  std::string text(kSecretBytesMax + 1, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())
    return unreadable("names the file " + path + ", which cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kSecretBytesMax || text.find('\0') != std::string::npos)
    return unreadable("names the file " + path + ", which is no text of at most 64 KiB (write file://" + path +
                      " where the address itself is meant)");
  drop_line_end(text);
  register_secret(text);
  return text;
}

// Nothing: it is no reference.
std::optional<Result<std::string>> References::look_up(std::string_view reference) {
  const auto rest = [&](std::string_view kind) { return std::string{reference.substr(kind.size())}; };
  if (reference.starts_with(kSecret)) return read_secret(rest(kSecret));
  if (reference.starts_with(kVariable) && is_variable_name(rest(kVariable))) return read_variable(rest(kVariable));
  if (reference.starts_with(kFile) && is_file_path(rest(kFile))) return read_file(rest(kFile));
  return std::nullopt;
}

Result<std::string> References::expand(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const auto open = text.find("${", at);
    const auto close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) return out + text.substr(at);
    out += text.substr(at, open - at);
    std::string name = text.substr(open + 2, close - open - 2);
    if (name.starts_with("input:"))
      return unreadable("would have a host ask for " + name.substr(6) +
                        "; put it into the vault and write ${secret:…}");
    std::optional<std::string> otherwise;
    if (const auto dash = name.find(":-"); dash != std::string::npos) {
      otherwise = name.substr(dash + 2);
      name.resize(dash);
    }
    auto known = look_up(name);
    auto value = known ? *std::move(known) : read_variable(name);
    if (!value && !otherwise) return value.error();
    out += value ? *value : *otherwise;
    at = close + 1;
  }
}

Result<std::string> References::resolve(const std::string& text) {
  if (auto whole = look_up(text)) return *std::move(whole);
  return expand(text);
}

}  // namespace carillon::catalog
