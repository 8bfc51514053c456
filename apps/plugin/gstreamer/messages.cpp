#include "apps/plugin/gstreamer/messages.h"

namespace laconic::gstreamer {
namespace {

struct Code {
  GQuark domain;
  gint number;
};

Code code_of(laconic_status status) {
  switch (status) {
    case LACONIC_NEED_MORE_DATA:
    case LACONIC_CORRUPT:
    case LACONIC_LIMIT_EXCEEDED:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE};
    case LACONIC_UNSUPPORTED:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT};
    case LACONIC_MODEL_MISMATCH:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case LACONIC_IO:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE};
    case LACONIC_INVALID_ARGUMENT:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS};
    default:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED};
  }
}

void post(GstElement* element, GstMessageType type, Code code, const char* sentence, const char* details) {
  gst_element_message_full(element, type, code.domain, code.number, g_strdup(sentence), g_strdup(details), __FILE__, GST_FUNCTION,
                           __LINE__);
}

}  // namespace

void post_error(GstElement* element, const laconic_error& error) {
  post(element, GST_MESSAGE_ERROR, code_of(error.code), error.message, laconic_status_name(error.code));
}

void post_warning(GstElement* element, const char* sentence) {
  post(element, GST_MESSAGE_WARNING, {GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE}, sentence, nullptr);
}

void CapsError::post(GstElement* element, const laconic_error& error) {
  if (!is_posted_) post_error(element, error);
  is_posted_ = true;
}

void CapsError::post(GstElement* element, const char* sentence) {
  laconic_error error;
  error.code = LACONIC_UNSUPPORTED;
  g_strlcpy(error.message, sentence, sizeof(error.message));
  post(element, error);
}

}  // namespace laconic::gstreamer
