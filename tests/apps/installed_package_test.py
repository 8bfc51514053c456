#!/usr/bin/env python3
"""Programs outside of this tree build and run with the installed package, by pkg-config and by find_package, in C and in C++:
installed_package_test.py CMAKE BUILD_FOLDER SOURCE_FOLDER. Needs everything built. Exit codes: 0 they do, 1 not, 77 skipped (no
weights, no pkg-config)."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

# A project in C alone, which must get by without LibTorch and the rest.
C_PROJECT = """cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(laconic REQUIRED)
add_executable(user {source})
target_link_libraries(user PRIVATE laconic::laconic)
"""

# The example of README.md, on a picture of one colour.
CXX_PROJECT = """cmake_minimum_required(VERSION 3.25)
project(user CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(laconic REQUIRED COMPONENTS cxx)
add_executable(user user.cpp)
target_link_libraries(user PRIVATE laconic::codec)
"""
CXX_SOURCE = """#include <cstdio>

#include "codec/image_codec.h"

int report(const std::string& sentence) { return std::puts(sentence.c_str()), 1; }

int main(int, char** argv) {
  laconic::Image image;
  image.width_px = image.height_px = 32;
  image.samples.assign(image.size_bytes(), 100);
  auto model = laconic::ImageModel::load(argv[1], {});
  if (!model.ok()) return report(model.status().message());
  auto encoder = laconic::ImageEncoder::create(*model, {});
  if (!encoder.ok()) return report(encoder.status().message());
  laconic::Result<laconic::Bytes> stream = (*encoder)->encode(image);
  return stream.ok() ? 0 : report(stream.status().message());
}
"""


def run(*command, **surroundings):
    """(exit code, what it said)"""
    environment = {name: value for name, value in os.environ.items() if name != "LACONIC_MODEL"}
    environment.update(surroundings)
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    return done.returncode, done.stdout


def must(*command, **surroundings):
    code, said = run(*command, **surroundings)
    if code != 0:
        raise RuntimeError(f"{' '.join(str(word) for word in command)}: exit code {code}\n{said}")
    return said


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def build_project(cmake, folder, prefix):
    must(cmake, "-S", folder, "-B", folder + "/build", f"-DCMAKE_PREFIX_PATH={prefix}")
    must(cmake, "--build", folder + "/build")
    return folder + "/build/user"


def main(cmake, build, source):
    weights = sorted(glob.glob(source + "/data/weights/image-*.safetensors"))
    if not weights or shutil.which("pkg-config") is None:
        print("skipped: no weights" if not weights else "skipped: no pkg-config")
        return 77
    example = os.path.abspath(source) + "/apps/examples/decode_picture.c"
    with tempfile.TemporaryDirectory() as folder:
        prefix = folder + "/prefix"
        must(cmake, "--install", build, "--prefix", prefix)
        lac, ppm = folder + "/a.lac", folder + "/a.ppm"
        must(prefix + "/bin/laconic", "encode", source + "/data/samples/valley.png", lac, "--effort", "0")

        # Installed elsewhere than it was configured for, so nothing but its own place tells the library where the weights are.
        (pc_file,) = glob.glob(prefix + "/lib/**/laconic.pc", recursive=True)
        flags = must("pkg-config", "--cflags", "--libs", "laconic", PKG_CONFIG_PATH=os.path.dirname(pc_file)).split()
        must("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", example, "-o", folder + "/by_pkg_config", *flags)
        library_path = os.path.dirname(os.path.dirname(pc_file))
        print(must(folder + "/by_pkg_config", lac, ppm, LD_LIBRARY_PATH=library_path), end="")

        write(folder + "/c/CMakeLists.txt", C_PROJECT.format(source=example))
        by_find_package = build_project(cmake, folder + "/c", prefix)
        print(must(by_find_package, lac, ppm), end="")

        write(folder + "/cxx/CMakeLists.txt", CXX_PROJECT)
        write(folder + "/cxx/user.cpp", CXX_SOURCE)
        must(build_project(cmake, folder + "/cxx", prefix), weights[0])

        for path in glob.glob(prefix + "/share/laconic/weights/image-*"):
            write(path, "no weights")
        code, said = run(by_find_package, lac, ppm)
        if code != 1 or prefix not in said:
            print(f"with the installed weights overwritten: exit code {code}, {said}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
