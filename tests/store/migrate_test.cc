#include "server/store/migrate.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <pqxx/pqxx>
#include <thread>

#include "server/store/connection_url.h"
#include "tests/support/test_database.h"

using namespace carillon;
using test::Contents;
using test::TestDatabase;

namespace {

const Migration kFirst{1, "first", "CREATE TABLE public.one (n integer);", "DROP TABLE public.one;"};
const Migration kSecond{2, "second", "CREATE TABLE public.two (n integer); INSERT INTO public.one VALUES (2);",
                        "DROP TABLE public.two; DELETE FROM public.one;"};

// Everything that a migration can shape, as one line each.
constexpr char kShape[] = R"(
SELECT string_agg(line, E'\n' ORDER BY line) FROM (
  SELECT concat_ws(' ', 'column', table_schema, table_name, column_name, data_type, is_nullable, column_default) AS line
    FROM information_schema.columns WHERE table_schema IN ('auth', 'carillon')
  UNION ALL SELECT concat_ws(' ', 'index', indexdef) FROM pg_indexes WHERE schemaname IN ('auth', 'carillon')
  UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('auth', 'carillon'))
  UNION ALL SELECT concat_ws(' ', 'policy', schemaname, tablename, policyname, roles, qual) FROM pg_policies
  UNION ALL SELECT concat_ws(' ', 'function', oid::regprocedure, proacl) FROM pg_proc
    WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname = 'carillon')
  UNION ALL SELECT concat_ws(' ', 'grants', oid::regclass, relacl) FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('auth', 'carillon'))
) AS shape)";

std::string refusal(const Result<int>& result) {
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == ErrorCode::conflict);
  return result.error().message;
}

}  // namespace

TEST_CASE("migrations go up and down and up again and leave the same shape", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  const Migrator migrator{database.urls().owner};
  const int count = static_cast<int>(embedded_migrations().size());
  for (const auto& fact : migrator.status()) CHECK(fact.state == MigrationState::pending);

  CHECK(*migrator.up() == count);
  CHECK(*migrator.up() == 0);
  for (const auto& fact : migrator.status()) CHECK(fact.state == MigrationState::applied);
  const std::string shape = database.ask(kShape);
  CHECK(shape.find("carillon.run_ready") != std::string::npos);

  database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('loaded')");
  database.run("INSERT INTO carillon.last_asked VALUES ('loaded', 'agent', now())");
  database.run("INSERT INTO carillon.run_slot VALUES ('loaded', 1, now(), 1)");
  CHECK(*migrator.down_to(0) == count);
  CHECK(database.ask("SELECT count(*) FROM pg_namespace WHERE nspname IN ('auth', 'carillon')") == "0");
  CHECK(*migrator.down_to(0) == 0);
  CHECK(*migrator.up() == count);
  CHECK(database.ask(kShape) == shape);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_slot") == "0");
}

TEST_CASE("going down stops at the version that was asked for and keeps older data", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  const Migrator migrator{database.urls().owner, {kFirst, kSecond}};
  CHECK(*migrator.up() == 2);
  database.run("INSERT INTO public.one VALUES (1)");
  CHECK(*migrator.down_to(1) == 1);
  CHECK(database.ask("SELECT to_regclass('public.two') IS NULL") == "t");
  CHECK(migrator.status()[1].state == MigrationState::pending);
  CHECK(*migrator.up() == 1);
  CHECK(database.ask("SELECT n FROM public.one") == "2");
}

TEST_CASE("an edited migration is refused up and down", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  REQUIRE(Migrator{database.urls().owner, {kFirst}}.up().ok());
  Migration edited = kFirst;
  edited.up = "CREATE TABLE public.one (n bigint);";
  const Migrator migrator{database.urls().owner, {edited, kSecond}};
  CHECK(migrator.status()[0].state == MigrationState::edited);
  CHECK(refusal(migrator.up()).find("migration 1 (first) was edited") != std::string::npos);
  CHECK(refusal(migrator.down_to(0)).find("was edited") != std::string::npos);
  CHECK(database.ask("SELECT to_regclass('public.two') IS NULL") == "t");
}

TEST_CASE("a migration from a newer program is refused", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  REQUIRE(Migrator{database.urls().owner, {kFirst, kSecond}}.up().ok());
  const Migrator older{database.urls().owner, {kFirst}};
  CHECK(older.status()[1].state == MigrationState::unknown);
  CHECK(refusal(older.up()).find("newer Carillon") != std::string::npos);
  CHECK(refusal(older.down_to(0)).find("newer Carillon") != std::string::npos);
}

TEST_CASE("a gap below an applied migration is refused", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  const Migrator migrator{database.urls().owner, {kFirst, kSecond}};
  REQUIRE(migrator.up().ok());
  database.run("DELETE FROM public.carillon_migration WHERE version = 1");
  CHECK(migrator.status()[0].state == MigrationState::missing);
  CHECK(refusal(migrator.up()).find("never applied") != std::string::npos);
}

TEST_CASE("a migration that fails leaves nothing of itself", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  Migration broken = kSecond;
  broken.up = "CREATE TABLE public.two (n integer); SELECT 1 / 0;";
  const Migrator migrator{database.urls().owner, {kFirst, broken}};
  CHECK_THROWS_AS(migrator.up(), pqxx::sql_error);
  CHECK(database.ask("SELECT to_regclass('public.two') IS NULL") == "t");
  CHECK(migrator.status()[0].state == MigrationState::applied);
  CHECK(migrator.status()[1].state == MigrationState::pending);
  CHECK(*Migrator(database.urls().owner, {kFirst, kSecond}).up() == 1);
}

TEST_CASE("a starter killed in the middle of a migration leaves nothing of it", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  Migration slow = kSecond;
  slow.up = "CREATE TABLE public.two (n integer); SELECT pg_sleep(600);";
  const pid_t starter = ::fork();
  if (starter == 0) ::_exit(Migrator(database.urls().owner, {kFirst, slow}).up().ok() ? 0 : 1);
  const std::string sleeping = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  while (database.ask("SELECT count(*) " + sleeping) != "1") std::this_thread::yield();
  ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
  // The server notices a vanished client when it next writes to it; an operator may not want to wait for that.
  database.run("SELECT pg_terminate_backend(pid, 10000) " + sleeping);
  CHECK(database.ask("SELECT to_regclass('public.two') IS NULL") == "t");
  CHECK(*Migrator(database.urls().owner, {kFirst, kSecond}).up() == 1);
}

TEST_CASE("two starters at once apply each migration once", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  std::atomic<int> applied{0}, refused{0};
  const auto start = [&] {
    const auto result = Migrator{database.urls().owner}.up();
    if (result.ok())
      applied += *result;
    else
      ++refused;
  };
  std::vector<std::thread> starters;
  for (int i = 0; i < 4; ++i) starters.emplace_back(start);
  for (auto& starter : starters) starter.join();
  CHECK(applied == static_cast<int>(embedded_migrations().size()));
  CHECK(refused == 0);
}

TEST_CASE("a login that may change nothing can start on a database that is up to date", "[store][migrate]") {
  const TestDatabase database;
  CHECK(*Migrator{database.urls().app}.up() == 0);
}

TEST_CASE("an owner that may not create roles can migrate a database of its own", "[store][migrate]") {
  const TestDatabase database{Contents::empty};
  const std::string login = "plain_owner_" + std::to_string(::getpid());
  database.run("CREATE ROLE " + login + " LOGIN PASSWORD 'plain-password'");
  database.run("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO " + login + "', current_database()); END $$");
  const std::string url = with_overrides(database.urls().owner, {{"user", login}, {"password", "plain-password"}});
  const Migrator migrator{url};
  CHECK(*migrator.up() == static_cast<int>(embedded_migrations().size()));
  CHECK(*migrator.down_to(0) == static_cast<int>(embedded_migrations().size()));
  database.run("REASSIGN OWNED BY " + login + " TO CURRENT_USER");
  database.run("DROP OWNED BY " + login);
  database.run("DROP ROLE " + login);
}
