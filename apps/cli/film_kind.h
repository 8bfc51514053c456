// Film or picture, and values that only films need.
#pragma once

#include <string>

#include "codec/base/status.h"

namespace laconic::cli {

// By content: a film is what libavformat opens as one with a video stream that is not a still image. Of standard input and
// named pipes nothing can be seen before they are read, so there the output's name decides (film_output: it names a film).
bool is_film_input(const std::string& path, bool film_output);

bool is_film_extension(const std::string& extension);  // "mov", "mkv", "nut", "mp4", "y4m", ...

// Seconds: "90", "1.5", "1:30", "1:02:03.5".
Result<double> parse_time(const std::string& text);

std::string format_time(double seconds);  // "0:01:02.500"

}  // namespace laconic::cli
