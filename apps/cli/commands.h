// The commands: each adds its options to the program and, when it is the one called, sets `run` to its work.
#pragma once

#include <functional>

#include "apps/cli/exit_code.h"

namespace CLI {
class App;
}

namespace laconic::cli {

using Run = std::function<ExitCode()>;

void add_encode_command(CLI::App& program, Run& run);
void add_decode_command(CLI::App& program, Run& run);
void add_info_command(CLI::App& program, Run& run);
void add_compare_command(CLI::App& program, Run& run);
void add_models_command(CLI::App& program, Run& run);

}  // namespace laconic::cli
