// Film, sound or picture, and values that only films and sound need.
#pragma once

#include <string>

#include "codec/base/status.h"

namespace laconic::cli {

// By content: a film is what libavformat opens as one with a video stream that is not a still image, sound what has no such stream
// and one of sound. Of standard input only the first bytes can be seen before it is read, of named pipes nothing: where
// that tells nothing, the output's name decides (film_output, sound_output: it names a film, a file of sound).
bool is_film_input(const std::string& path, bool film_output);
bool is_sound_input(const std::string& path, bool sound_output);

bool is_film_extension(const std::string& extension);  // "mov", "mkv", "nut", "mp4", "y4m", ...

// Seconds: "90", "1.5", "1:30", "1:02:03.5".
Result<double> parse_time(const std::string& text);

std::string format_time(double seconds);  // "0:01:02.500"

}  // namespace laconic::cli
