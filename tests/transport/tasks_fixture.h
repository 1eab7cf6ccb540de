// A server with all services of the conformance fixture, tasks included.
#pragma once

#include "tests/conformance/fixture.h"
#include "tests/transport/server_fixture.h"

namespace carillon::transport::fixture {

struct TaskServer {
  conformance::FixtureTasks tasks;
  Timer timer;
  conformance::Stage stage{timer, tasks, nullptr};
  conformance::FixtureTools tools{stage};
  conformance::FixtureContent content;
  SystemClock clock;
  InlineExecutor executor;
  McpServer mcp{Server::default_options(), {&tools, &content, &content, &content, &tasks}, clock, executor};
};

}  // namespace carillon::transport::fixture
