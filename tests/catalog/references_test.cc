#include "catalog/references.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/base/mask.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("carillon_references_" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream{path / name} << content;
    return (path / name).string();
  }
};

}  // namespace

TEST_CASE("variables are filled in from our environment", "[catalog][references]") {
  ::setenv("CARILLON_TEST_WORD", "word", 1);
  const Vault vault{""};
  References references{vault};
  const auto expanded = [&](const std::string& text) {
    const auto read = references.expand(text);
    return read ? *read : "refused";
  };
  CHECK(expanded("a ${CARILLON_TEST_WORD} b") == "a word b");
  CHECK(expanded("${env:CARILLON_TEST_WORD}${CARILLON_TEST_WORD}") == "wordword");
  CHECK(expanded("${CARILLON_TEST_NONE:-spare}") == "spare");
  CHECK(expanded("$HOME {x} ${open") == "$HOME {x} ${open");
  CHECK(expanded("${CARILLON_TEST_NONE}") == "refused");
  CHECK(expanded("${input:key}") == "refused");
}

TEST_CASE("a value may be a reference as a whole or hold some", "[catalog][references]") {
  const Folder folder;
  ::setenv("CARILLON_TEST_WORD", "word", 1);
  const Vault vault{(folder.path / "vault").string()};
  REQUIRE(vault.write(Shelf::secrets, "key", "from-the-vault"));
  const std::string file = folder.file("text", "from-the-file\n");
  References references{vault};
  const auto resolved = [&](const std::string& text) {
    const auto read = references.resolve(text);
    return read ? *read : "refused: " + read.error().message;
  };
  CHECK(resolved("secret:key") == "from-the-vault");
  CHECK(resolved("env:CARILLON_TEST_WORD") == "word");
  CHECK(resolved("file:" + file) == "from-the-file");
  CHECK(resolved("Bearer ${secret:key}/${file:" + file + "}") == "Bearer from-the-vault/from-the-file");
  CHECK(references.files().size() == 1);
  // What only looks like a reference stays as it is.
  for (const char* plain :
       {"file:./dev.db", "file:///srv/dev.db", "env:not a name", "secrets:key", "https://h/secret:key"})
    CHECK(resolved(plain) == plain);
  // Where it can be expanded only in part, an argument of a command line say, a whole reference is no reference.
  CHECK(*references.expand("secret:key") == "secret:key");
  CHECK(mask_secrets(std::string{"from-the-vault from-the-file"}) == "[masked] [masked]");
}

TEST_CASE("a reference to nothing says what would help", "[catalog][references]") {
  const Folder folder;
  const Vault vault{(folder.path / "vault").string()};
  References references{vault};
  const auto message = [&](const std::string& text) { return references.resolve(text).error().message; };
  CHECK(message("secret:github").find("carillon secret set github") != std::string::npos);
  CHECK(message("env:CARILLON_TEST_NONE").find("CARILLON_TEST_NONE") != std::string::npos);
  CHECK(message("file:/no/such/file").find("cannot be read") != std::string::npos);
  CHECK(message("file:" + folder.path.string()).find("cannot be read") != std::string::npos);
  CHECK(message("file:" + folder.file("big", std::string(70'000, 'x'))).find("64 KiB") != std::string::npos);
  CHECK(message("file:" + folder.file("binary", std::string("a\0b", 3))).find("64 KiB") != std::string::npos);
}
