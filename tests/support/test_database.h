// A real, freshly migrated database for each test that wants one.
//
//   TestDatabase database;                    // copied from a template that was migrated once; dropped at the end
//   Store store{database.urls(), PoolOptions{}};
//
// The server is the one in CARILLON_TEST_DATABASE (the url of a superuser), else a PostgreSQL of this test program's
// own: started by the first TestDatabase, unprivileged when the tests run as root, without fsync, in a folder of its
// own below /tmp, gone when the program ends however it ends. Test programs may run at the same time.
//
// Any thread may make one; each belongs to one thread, its urls to anybody.
#pragma once

#include <string>

#include "server/store/store_options.h"

namespace carillon::test {

enum class Contents { migrated, empty };

class TestDatabase {
 public:
  explicit TestDatabase(Contents contents = Contents::migrated);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const DatabaseUrls& urls() const { return urls_; }
  // Statements as the owner, for arranging what a test needs and for looking behind the scenes.
  void run(const std::string& sql) const;
  // The first column of the first row as text; "" for NULL or for no row.
  std::string ask(const std::string& sql) const;
  // Returns as soon as `many` of its connections wait for a lock that another holds; false: they did not in 30 s.
  bool comes_to_wait(int many = 1) const;

 private:
  std::string name_;
  DatabaseUrls urls_;
};

}  // namespace carillon::test
