// LibTorch reports by exceptions; they are caught once, in the public methods of codec, by this.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <new>

#include "codec/base/status.h"

namespace laconic {

template <typename Function>
auto guard(Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return limit_exceeded("not enough memory for this picture");
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (text.find("allocate memory") != std::string::npos || text.find("out of memory") != std::string::npos)
      return limit_exceeded("not enough memory for this picture");
    return internal_error("LibTorch: " + text);
  } catch (const std::exception& error) {
    return internal_error(error.what());
  }
}

}  // namespace laconic
