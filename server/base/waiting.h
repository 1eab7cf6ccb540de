// Waiting: a thread says so before it waits for something outside of this process: a database, another server.
//
// Whoever lent the thread (an event loop that runs short work on its own thread) then goes on with another one, so that
// nobody else is held up. Without a lender nothing happens. Each thread has its own lender; thread-safe.
#pragma once

namespace carillon {

class ThreadLender {
 public:
  virtual ~ThreadLender() = default;
  // The work on this thread is about to wait. Called on that thread, at most once.
  virtual void take_back() = 0;
};

// While it lives, the calling thread's work may wait: `lender` hears of it.
class LentThread {
 public:
  explicit LentThread(ThreadLender& lender);
  ~LentThread();
  LentThread(const LentThread&) = delete;
  LentThread& operator=(const LentThread&) = delete;

 private:
  ThreadLender* const outer_;
};

void about_to_wait();
// Whether a lender would hear it: work that may wait can be done right here.
bool may_wait_here();

}  // namespace carillon
