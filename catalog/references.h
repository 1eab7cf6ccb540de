// What servers.json may say instead of a secret: `secret:NAME` (the vault), `env:NAME` (our environment) and
// `file:/PATH` (the text of a file), each as a whole value or as `${…}` within one; and the variables that agent hosts
// know, `${NAME}` and `${NAME:-otherwise}`.
//
// What comes out of the vault or of a file is registered with the mask. Remembers which files it read, because what
// changes them changes the entries. One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/secrets.h"
#include "server/base/result.h"

namespace carillon::catalog {

class References {
 public:
  explicit References(const Vault& vault) : vault_(vault) {}

  // Every `${…}` replaced. Errors (arguments_invalid): what is named is not there, and what would help.
  Result<std::string> expand(const std::string& text);
  // The same for a value that may be a reference as a whole.
  Result<std::string> resolve(const std::string& text);

  // What was read, as it was before it was read.
  const std::map<std::string, FileStamp>& files() const { return files_; }

 private:
  std::optional<Result<std::string>> look_up(std::string_view reference);
  Result<std::string> read_secret(const std::string& name) const;
  Result<std::string> read_file(const std::string& path);

  const Vault& vault_;
  std::map<std::string, FileStamp> files_;
};

}  // namespace carillon::catalog
