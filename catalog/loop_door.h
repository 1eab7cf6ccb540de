// LoopDoor: the way onto the catalog's loop for those who may come after its end. A person's answer to a question has
// no idea whether the catalog still is.
//
// Thread-safe. What is posted must own nothing that dies on the loop only: behind a closed door it is destroyed at
// once.
#pragma once

#include <utility>

#include "server/base/guarded.h"
#include "transport/client_loop.h"

namespace carillon::catalog {

class LoopDoor {
 public:
  explicit LoopDoor(transport::ClientLoop& loop) : loop_(&loop) {}

  void post(transport::ClientLoop::Task task) {
    loop_.with([&](auto* loop) {
      if (loop) loop->post(std::move(task));
    });
  }
  void close() {
    loop_.with([](auto*& loop) { loop = nullptr; });
  }

 private:
  Guarded<transport::ClientLoop*> loop_;
};

}  // namespace carillon::catalog
