#include "server/base/waiting.h"

#include <utility>

namespace carillon {
namespace {

thread_local ThreadLender* current = nullptr;

}  // namespace

LentThread::LentThread(ThreadLender& lender) : outer_(std::exchange(current, &lender)) {}
LentThread::~LentThread() { current = outer_; }

void about_to_wait() {
  if (auto* lender = std::exchange(current, nullptr); lender != nullptr) lender->take_back();
}

bool may_wait_here() { return current != nullptr; }

}  // namespace carillon
