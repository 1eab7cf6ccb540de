#include "catalog/secrets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "server/base/mask.h"

using namespace carillon;
using namespace carillon::catalog;
using namespace std::chrono_literals;

namespace {

class Home {
 public:
  Home() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("carillon_vault_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
  }
  ~Home() { std::filesystem::remove_all(path_); }
  Vault vault() const { return Vault{path_.string()}; }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  unsigned mode(const std::string& name) const {
    struct stat facts {};
    REQUIRE(::stat(file(name).c_str(), &facts) == 0);
    return facts.st_mode & 0777;
  }
  std::string content(const std::string& name) const {
    std::ifstream in{file(name), std::ios::binary};
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("what is put into the vault comes out again and lies there unreadable", "[catalog][secrets]") {
  const Home home;
  const Vault vault = home.vault();
  CHECK(vault.names(Shelf::secrets).empty());
  REQUIRE(vault.write(Shelf::secrets, "github", "ghp_very_secret"));
  REQUIRE(vault.write(Shelf::grants, "github", "another thing"));
  CHECK(*home.vault().read(Shelf::secrets, "github") == "ghp_very_secret");
  CHECK(*home.vault().read(Shelf::grants, "github") == "another thing");
  CHECK(vault.names(Shelf::secrets) == std::vector<std::string>{"github"});
  CHECK(home.content("secrets/github").find("very_secret") == std::string::npos);
  CHECK(mask_secrets(std::string{"a ghp_very_secret b"}) == "a [masked] b");
  for (const char* file : {"key", "secrets/github"}) CHECK(home.mode(file) == 0600);
  for (const char* folder : {"", "secrets"}) CHECK(home.mode(folder) == 0700);

  const auto before = vault.stamp(Shelf::secrets, "github");
  REQUIRE(vault.write(Shelf::secrets, "github", "ghp_another_one"));
  CHECK_FALSE(vault.stamp(Shelf::secrets, "github") == before);
  CHECK(vault.erase(Shelf::secrets, "github"));
  CHECK_FALSE(vault.erase(Shelf::secrets, "github"));
  CHECK(vault.read(Shelf::secrets, "github").error().code == ErrorCode::unknown_name);
}

TEST_CASE("an entry that was changed or moved or belongs to another key does not open", "[catalog][secrets]") {
  const Home home;
  const Vault vault = home.vault();
  REQUIRE(vault.write(Shelf::secrets, "a", "value of a"));
  REQUIRE(vault.write(Shelf::secrets, "b", "value of b"));
  const auto refused = [&] { return vault.read(Shelf::secrets, "a").error().code == ErrorCode::unavailable; };
  SECTION("moved") {
    std::filesystem::copy_file(home.file("secrets/b"), home.file("secrets/a"),
                               std::filesystem::copy_options::overwrite_existing);
    CHECK(refused());
  }
  SECTION("one bit is another") {
    std::string bytes = home.content("secrets/a");
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    std::ofstream{home.file("secrets/a"), std::ios::binary} << bytes;
    CHECK(refused());
  }
  SECTION("cut off") {
    std::filesystem::resize_file(home.file("secrets/a"), 20);
    CHECK(refused());
  }
  SECTION("another key") {
    std::filesystem::remove(home.file("key"));
    CHECK(refused());
  }
  SECTION("a key that is none") {
    std::ofstream{home.file("key")} << "no key\n";
    CHECK(refused());
  }
  SECTION("a key that others may read") {
    ::chmod(home.file("key").c_str(), 0644);
    CHECK(vault.read(Shelf::secrets, "a").error().message.find("chmod 600") != std::string::npos);
  }
}

TEST_CASE("names and values that cannot be are refused", "[catalog][secrets]") {
  const Home home;
  const Vault vault = home.vault();
  const std::string name = GENERATE(as<std::string>{}, "", ".hidden", "../key", "a/b", "a b", std::string(65, 'n'));
  CHECK_FALSE(is_entry_name(name));
  CHECK(vault.write(Shelf::secrets, name, "v").error().code == ErrorCode::arguments_invalid);
  CHECK(vault.read(Shelf::secrets, name).error().code == ErrorCode::unknown_name);
  CHECK(vault.write(Shelf::secrets, "n", "").error().code == ErrorCode::arguments_invalid);
  CHECK(vault.write(Shelf::secrets, "n", std::string(kSecretBytesMax + 1, 'v')).error().code ==
        ErrorCode::arguments_invalid);
  CHECK(is_entry_name("größe_1.a-b"));
}

TEST_CASE("a home without a vault has nothing in it", "[catalog][secrets]") {
  const Vault vault{""};
  CHECK(vault.read(Shelf::secrets, "a").error().code == ErrorCode::unknown_name);
  CHECK(vault.write(Shelf::secrets, "a", "v").error().code == ErrorCode::unavailable);
  CHECK(vault.take_turn(Shelf::grants, "a", 1s).error().code == ErrorCode::unavailable);
  CHECK(vault.names(Shelf::secrets).empty());
}

TEST_CASE("two makers of a key agree on one", "[catalog][secrets]") {
  const Home home;
  std::vector<std::jthread> makers;
  for (int i = 0; i < 8; ++i)
    makers.emplace_back([&home, i] { (void)home.vault().write(Shelf::secrets, "s" + std::to_string(i), "value"); });
  makers.clear();
  for (const auto& name : home.vault().names(Shelf::secrets)) CHECK(home.vault().read(Shelf::secrets, name));
  CHECK(home.vault().names(Shelf::secrets).size() == 8);
}

TEST_CASE("one at a time may change an entry", "[catalog][secrets]") {
  const Home home;
  auto mine = home.vault().take_turn(Shelf::grants, "s", 1s);
  REQUIRE(mine);
  CHECK(home.vault().take_turn(Shelf::grants, "s", 30ms).error().code == ErrorCode::unavailable);
  CHECK(home.vault().take_turn(Shelf::grants, "other", 1s));
  mine = Error{ErrorCode::internal, "let go"};
  CHECK(home.vault().take_turn(Shelf::grants, "s", 1s));
  CHECK(home.vault().names(Shelf::grants).empty());  // locks are no entries
}
