// The command line program. Each command has its file; what they share is in options.h, jobs.h and codec/model_store.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "apps/cli/blas.h"
#include "apps/cli/commands.h"
#include "apps/cli/interrupt.h"

namespace laconic::cli {
namespace {

ExitCode print_version() {
  const BlasLibrary blas = find_blas();
  std::printf("laconic %s\nLibTorch %s\n%s\n", LACONIC_VERSION, LACONIC_TORCH_VERSION,
              blas.path.empty() ? blas.name.c_str() : fmt::format("{} ({})", blas.name, blas.path).c_str());
  if (std::fflush(stdout) != 0) return kExitIo;
  if (blas.is_reference) {
    std::fprintf(stderr,
                 "laconic: warning: the reference BLAS makes everything several times slower; "
                 "install libopenblas0-openmp\n");
  }
  return kExitOk;
}

// CLI11's sentences, made one line with the name of the program before it.
ExitCode report_usage(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return program.exit(error) == 0 ? kExitOk : kExitInternal;  // --help
  const auto commands = program.get_subcommands();
  const std::string command = commands.empty() ? "laconic" : "laconic " + commands.front()->get_name();
  std::string sentence = error.what();
  for (char& c : sentence) c = c == '\n' ? ' ' : c;
  std::fprintf(stderr, "laconic: %s (see %s --help)\n", sentence.c_str(), command.c_str());
  return kExitUsage;
}

ExitCode run_program(int argc, char** argv) {
  install_interrupt_handlers();
  CLI::App program("Laconic: small pictures by learned compression", "laconic");
  program.footer(exit_code_help());
  program.get_formatter()->column_width(34);
  bool wants_version = false;
  program.add_flag("--version", wants_version, "Versions of the program and LibTorch, and the BLAS in use");
  program.require_subcommand(0, 1);

  Run run;
  add_encode_command(program, run);
  add_decode_command(program, run);
  add_info_command(program, run);
  add_compare_command(program, run);
  add_models_command(program, run);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_usage(program, error);
  }
  if (wants_version) return print_version();
  if (!run) {
    std::fprintf(stderr, "%s", program.help().c_str());
    return kExitUsage;
  }
  return run();
}

// Note [Leaving]
// exit() would have LibTorch's static destructors take its thousands of operators out of their registers one by one: 0.05 s, for
// memory that goes with the process. All that matters is closed when run_program() returns, but for stdio. A build with
// sanitizers leaves by the long way: there leaks are looked for.
[[noreturn]] void leave(int code) {
  if (std::fflush(nullptr) != 0 && code == kExitOk) code = kExitIo;
#ifdef __SANITIZE_ADDRESS__
  std::exit(code);
#else
  std::_Exit(code);
#endif
}

}  // namespace
}  // namespace laconic::cli

// The library throws nothing; what can still arrive here is memory running out, or a mistake of ours.
int main(int argc, char** argv) try { laconic::cli::leave(laconic::cli::run_program(argc, argv)); } catch (const std::bad_alloc&) {
  std::fprintf(stderr, "laconic: not enough memory\n");
  return laconic::cli::kExitUnsupported;
} catch (const std::exception& error) {
  std::fprintf(stderr, "laconic: internal error: %s\n", error.what());
  return laconic::cli::kExitInternal;
}
