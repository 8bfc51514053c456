#include "apps/cli/interrupt.h"

#include <unistd.h>

#include <csignal>

#include "apps/cli/exit_code.h"

namespace laconic::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;
volatile std::sig_atomic_t g_ends_process = 0;

// Only async-signal-safe calls.
void on_signal(int) {
  g_interrupted = 1;
  if (g_ends_process == 0) return;
  static constexpr char kMessage[] = "laconic: interrupted\n";
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  ::_exit(kExitInterrupted);
}

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal kills
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction previous = {};
    sigaction(signal, nullptr, &previous);
    if (previous.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // nohup keeps its meaning
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of writing, like a full disk
}

bool is_interrupted() { return g_interrupted != 0; }

EndOnInterrupt::EndOnInterrupt() { g_ends_process = 1; }
EndOnInterrupt::~EndOnInterrupt() { g_ends_process = 0; }

}  // namespace laconic::cli
