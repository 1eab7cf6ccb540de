// Deliveries: the channels on which this process tells of the ends of runs beyond its hosts' sessions, and the couriers
// that use them.
//
// start() once, then stop() once; wake() from any thread between.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/delivery/delivery_options.h"
#include "server/domain/notify.h"

namespace carillon {
class Engine;
class Store;
class ToolCaller;
}  // namespace carillon

namespace carillon::cli {

struct DeliveryParts {
  Store& store;
  const Clock& clock;
  Engine& engine;
  ToolCaller& tools;
  std::string vault_directory;             // of what the options name instead of holding it
  std::function<std::string()> link_base;  // where links of approvals lead; empty: nowhere
};

class Deliveries {
 public:
  Deliveries(const DeliveryParts& parts, const DeliveryOptions& options);
  ~Deliveries();

  void start();
  void wake();    // a run has ended
  void gather();  // once a second: what an outage made late is due together
  // Why nothing of the kind is delivered from here; nothing: it is.
  std::optional<std::string> missing(TargetKind kind) const;
  void stop();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace carillon::cli
