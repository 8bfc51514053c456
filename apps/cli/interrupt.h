// Ctrl-C and friends: the first one asks the running work to stop (through Progress), a second one ends the process.
#pragma once

namespace laconic::cli {

// Also ignores SIGPIPE, so that a closed pipe is a write error like any other.
void install_interrupt_handlers();

bool is_interrupted();

// While one exists the first signal ends the process at once: for waits that no Progress reports and that leave nothing
// to clean up (reading standard input, loading weights). Not nested.
class EndOnInterrupt {
 public:
  EndOnInterrupt();
  ~EndOnInterrupt();
  EndOnInterrupt(const EndOnInterrupt&) = delete;
};

}  // namespace laconic::cli
