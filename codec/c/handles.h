// What the files of the C interface (codec/laconic.h) share: the handles that pass between them, and the border itself, which no
// exception crosses.
#pragma once

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "codec/audio_codec.h"
#include "codec/image_codec.h"
#include "codec/laconic.h"
#include "codec/video_codec.h"

// Encoders and decoders share the weights, so that a model may be freed before them. id: what the accessor points to.
struct laconic_model {
  std::shared_ptr<const laconic::ImageModel> model;
  std::string id;
};

struct laconic_video_model {
  std::shared_ptr<const laconic::VideoModel> model;
  std::string id;
};

struct laconic_audio_model {
  std::shared_ptr<const laconic::AudioModel> model;
  std::string id;
};

// Of films and of sound.
struct laconic_packet {
  laconic::Bytes bytes;
  int64_t pts = 0;
  int64_t duration = 0;
  bool is_key = false;
};

namespace laconic::c {

inline laconic_status c_status(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return LACONIC_OK;
    case StatusCode::kNeedMoreData:
      return LACONIC_NEED_MORE_DATA;
    case StatusCode::kCorrupt:
      return LACONIC_CORRUPT;
    case StatusCode::kUnsupported:
      return LACONIC_UNSUPPORTED;
    case StatusCode::kLimitExceeded:
      return LACONIC_LIMIT_EXCEEDED;
    case StatusCode::kModelMismatch:
      return LACONIC_MODEL_MISMATCH;
    case StatusCode::kInvalidArgument:
      return LACONIC_INVALID_ARGUMENT;
    case StatusCode::kIo:
      return LACONIC_IO;
    case StatusCode::kInternal:
      return LACONIC_INTERNAL;
  }
  return LACONIC_INTERNAL;
}

inline laconic_status report(laconic_error* error, laconic_status code, const char* message) noexcept {
  if (error != nullptr) {
    error->code = code;
    std::snprintf(error->message, sizeof(error->message), "%s", message);
  }
  return code;
}

inline Status null_argument(const char* name) { return invalid_argument(std::string(name) + " is NULL"); }

// Runs `body` (-> Status); no exception leaves.
template <typename Body>
laconic_status guarded(laconic_error* error, Body body) noexcept {
  try {
    const Status status = body();
    return report(error, c_status(status.code()), status.message().c_str());
  } catch (const std::bad_alloc&) {
    return report(error, LACONIC_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception& exception) {
    return report(error, LACONIC_INTERNAL, exception.what());
  } catch (...) {
    return report(error, LACONIC_INTERNAL, "an exception of unknown type");
  }
}

// For functions that may make an object: *made is null unless all went well. body: (std::unique_ptr<Handle>&) -> Status; it may
// leave the handle empty.
template <typename Handle, typename Body>
laconic_status guarded_receiving(Handle** made, laconic_error* error, Body body) noexcept {
  if (made == nullptr) return report(error, LACONIC_INVALID_ARGUMENT, "no place for the result: the pointer is NULL");
  *made = nullptr;
  return guarded(error, [&]() -> Status {
    std::unique_ptr<Handle> handle;
    LACONIC_RETURN_IF_ERROR(body(handle));
    *made = handle.release();
    return ok_status();
  });
}

// For functions that make an object. body: (Handle&) -> Status.
template <typename Handle, typename Body>
laconic_status guarded_making(Handle** made, laconic_error* error, Body body) noexcept {
  return guarded_receiving(made, error, [&](std::unique_ptr<Handle>& handle) {
    handle = std::make_unique<Handle>();
    return body(*handle);
  });
}

// A setting of a film's or sound's encoder or decoder. Options of the C++ classes are fixed at creation, settings of the C handles
// are not: until the first frame or packet the object is made anew with the changed options. change: (Options&) -> Status.
// The handle has `options`, `object`, `has_started`, and make(options), which checks them.
template <typename Handle, typename Change>
laconic_status change_before_start(Handle* handle, laconic_error* error, Change change) noexcept {
  return guarded(error, [&]() -> Status {
    if (handle == nullptr) return null_argument("the handle");
    if (handle->has_started) return invalid_argument("settings are made before the first frame, packet or header");
    auto options = handle->options;
    LACONIC_RETURN_IF_ERROR(change(options));
    LACONIC_ASSIGN_OR_RETURN(handle->object, handle->make(options));
    handle->options = options;
    return ok_status();
  });
}

template <typename Options>
Status set_threads(Options& options, int num_threads) {
  if (num_threads < 0)
    return invalid_argument("num_threads is " + std::to_string(num_threads) + ", allowed are 0 or more");
  options.num_threads = num_threads;
  return ok_status();
}

// id: 16 hex digits, or longer ones cut; `text` may be null.
inline void copy_model_id(const std::string& id, char text[17]) {
  if (text != nullptr) std::snprintf(text, 17, "%s", id.c_str());
}

// One sentence, or several one after the other; empty if there was no damage.
inline std::string joined_damage(const std::vector<std::string>& sentences) {
  std::string all;
  for (const std::string& sentence : sentences) all += (all.empty() ? "" : "; ") + sentence;
  return all;
}

}  // namespace laconic::c
