// Ports: what the tools need of the rest, joined by main. References to objects that outlive the ToolSet.
#pragma once

namespace carillon {
class Engine;
}  // namespace carillon

namespace carillon::transport {
class Executor;
class Timer;
}  // namespace carillon::transport

namespace carillon::tools {

class Downstream;
class WebhookDoor;

struct Ports {
  Engine& engine;
  Downstream& downstream;
  transport::Executor& executor;          // where a parked call goes on
  transport::Timer& timer;                // when it has waited long enough
  const WebhookDoor* webhooks = nullptr;  // how addresses of tasks are told; null: nobody takes deliveries here
};

}  // namespace carillon::tools
