#include "server/process/private_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <system_error>

using namespace carillon::process;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("carillon_private_" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

}  // namespace

TEST_CASE("a private file is replaced whole and only its owner may read it", "[process][private_file]") {
  const Folder folder;
  const std::string path = folder.file("f");
  CHECK_FALSE(read_private_file(path, 100));
  write_private_file(path, "first");
  write_private_file(path, "second");
  CHECK(read_private_file(path, 100) == "second");
  CHECK(read_private_file(path, 3) == "sec");
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(std::distance(std::filesystem::directory_iterator{folder.path}, {}) == 1);  // no draft is left behind
}

TEST_CASE("a private file that is there already is kept by who would make it", "[process][private_file]") {
  const Folder folder;
  const std::string path = folder.file("f");
  make_private_file(path, "first");
  make_private_file(path, "second");
  CHECK(read_private_file(path, 100) == "first");
}

TEST_CASE("a private file that others may read is refused and a folder that is not there too",
          "[process][private_file]") {
  const Folder folder;
  const std::string path = folder.file("f");
  std::ofstream{path} << "open";
  ::chmod(path.c_str(), 0640);
  CHECK_THROWS_AS(read_private_file(path, 100), std::system_error);
  CHECK_THROWS_AS(write_private_file(folder.file("no/such/f"), "x"), std::system_error);
}
