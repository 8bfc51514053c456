// Stands in for a fuzzing engine: NAME_fuzzer [--mutations=N] [--seed=S] [--max_memory_mib=M] FILE_OR_FOLDER...
// Runs LLVMFuzzerTestOneInput on every file, on nothing at all, and on N mutated copies of each file (default 300).
// Prints the seed. An input that crashes is written to crash-input.bin in the working folder; give that file as
// argument to see the crash again.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size);
#ifdef LACONIC_SANITIZED
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

namespace {

using Input = std::vector<uint8_t>;

// What runs now, for the handler of crashes.
const uint8_t* current_input = nullptr;
size_t current_size = 0;

void save_current_input() {
  const int file = open("crash-input.bin", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  const ssize_t written = write(file, current_input, current_size);
  const char message[] = "input written to crash-input.bin\n";
  if (written >= 0 && write(STDERR_FILENO, message, sizeof message - 1) < 0) return;
  close(file);
}

void on_crash(int signal_number) {
  save_current_input();
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void run(const Input& input) {
  current_input = input.data();
  current_size = input.size();
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// 1 to 4 changes of the kinds that find most: bits, bytes, cuts, repeats, extreme values.
Input mutate(Input input, std::mt19937_64& random) {
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % std::max<size_t>(limit, 1)); };
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    const size_t at = below(input.size());
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    const size_t kind = input.empty() ? 4 : below(7);
    if (kind == 0) *place ^= static_cast<uint8_t>(1u << below(8));
    if (kind == 1) *place = static_cast<uint8_t>(random());
    if (kind == 2) input.resize(at);
    if (kind == 3)
      input.erase(place, place + static_cast<std::ptrdiff_t>(1 + below(std::min<size_t>(8, input.size() - at))));
    if (kind == 4) input.insert(place, 1 + below(8), static_cast<uint8_t>(random()));
    if (kind == 5) std::fill_n(place, std::min<size_t>(1 + below(8), input.size() - at), random() % 2 != 0 ? 0xFF : 0);
    if (kind == 6)
      std::copy_n(Input(input).begin() + static_cast<std::ptrdiff_t>(below(at + 1)), input.size() - at, place);
  }
  return input;
}

std::vector<std::string> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path))
      files.push_back(path);
    else
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path().string());
      }
  }
  std::sort(files.begin(), files.end());
  return files;
}

uint64_t number_after(const std::string& argument) { return std::stoull(argument.substr(argument.find('=') + 1)); }

}  // namespace

int main(int argc, char** argv) {
  uint64_t num_mutations = 300, seed = std::random_device()(), max_memory_mib = 4096;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("--mutations=", 0) == 0)
      num_mutations = number_after(argument);
    else if (argument.rfind("--seed=", 0) == 0)
      seed = number_after(argument);
    else if (argument.rfind("--max_memory_mib=", 0) == 0)
      max_memory_mib = number_after(argument);
    else
      paths.push_back(argument);
  }
  const std::vector<std::string> files = files_of(paths);
  if (files.empty()) {
    std::fprintf(stderr, "no seed files given\n");
    return 2;
  }
#ifdef LACONIC_SANITIZED
  __sanitizer_set_death_callback(save_current_input);
  (void)max_memory_mib;
#else
  const rlimit limit = {max_memory_mib << 20, max_memory_mib << 20};
  setrlimit(RLIMIT_AS, &limit);
#endif
  for (const int signal_number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal_number, on_crash);

  std::printf("--seed=%llu\n", static_cast<unsigned long long>(seed));
  run({});
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const Input input((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (!stream.good() && !stream.eof()) {
      std::fprintf(stderr, "cannot read %s\n", file.c_str());
      return 2;
    }
    run(input);
    std::mt19937_64 random(seed);
    for (uint64_t i = 0; i < num_mutations; ++i) run(mutate(input, random));
  }
  std::printf("%zu files, %llu mutated copies of each: nothing found\n", files.size(),
              static_cast<unsigned long long>(num_mutations));
  return 0;
}
