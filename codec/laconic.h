/* Laconic's C interface: pictures, films and sound, there and back. C99; no exceptions, no types of other libraries.
 *
 *   laconic_error error;
 *   laconic_model* model = NULL;
 *   if (laconic_model_load("image.safetensors", "cpu", &model, &error) != LACONIC_OK) return fail(error.message);
 *
 *   laconic_decoder* decoder = NULL;
 *   laconic_image* image = NULL;
 *   if (laconic_decoder_create(model, &decoder, &error) == LACONIC_OK &&
 *       laconic_decoder_decode(decoder, bytes, size, &image, &error) == LACONIC_OK) {
 *     show(laconic_image_pixels(image), laconic_image_width(image), laconic_image_height(image));
 *   }
 *   laconic_image_free(image);
 *   laconic_decoder_free(decoder);
 *   laconic_model_free(model);
 *
 * Handles. Every object is an opaque handle that the caller owns and frees with its own ..._free function; freeing NULL
 * is allowed. A function that makes an object stores it in its last-but-one parameter on success and NULL there on
 * failure, so nothing needs freeing after a failure. Objects passed in stay the caller's, on success and on failure,
 * and may be freed in any order: encoders and decoders keep the weights of their model alive.
 *
 * Errors. Functions that can fail return a status. `error` may be NULL; otherwise it is filled on failure and cleared
 * on success. A NULL where an object or output is needed is LACONIC_INVALID_ARGUMENT, never a crash. Accessors without
 * a status give 0 or NULL for NULL.
 *
 * Threads. A model may be used from any number of threads at once. Every other handle, by one thread at a time.
 */
#ifndef LACONIC_H_
#define LACONIC_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LACONIC_API __attribute__((visibility("default")))
#else
#define LACONIC_API
#endif

#define LACONIC_VERSION_MAJOR 0
#define LACONIC_VERSION_MINOR 1
#define LACONIC_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI: new ones are added at the end. */
typedef enum laconic_status {
  LACONIC_OK = 0,
  LACONIC_NEED_MORE_DATA = 1,   /* the input ended early */
  LACONIC_CORRUPT = 2,          /* the bytes contradict the format */
  LACONIC_UNSUPPORTED = 3,      /* valid, but not for this build */
  LACONIC_LIMIT_EXCEEDED = 4,   /* larger than the limits allow */
  LACONIC_MODEL_MISMATCH = 5,   /* the stream names other weights, or the weights are missing or damaged */
  LACONIC_INVALID_ARGUMENT = 6, /* an argument is out of range, or the call was cancelled */
  LACONIC_IO = 7,               /* the operating system refused */
  LACONIC_INTERNAL = 8,         /* a mistake of the library */
  LACONIC_OUT_OF_MEMORY = 9
} laconic_status;

/* Filled by the library, never allocated by it. The size of message is part of the ABI. */
typedef struct laconic_error {
  laconic_status code;
  char message[508]; /* one sentence in UTF-8, ends with 0; longer ones are cut */
} laconic_error;

typedef struct laconic_model laconic_model;
typedef struct laconic_encoder laconic_encoder;
typedef struct laconic_decoder laconic_decoder;
typedef struct laconic_image laconic_image;
typedef struct laconic_buffer laconic_buffer;
typedef struct laconic_info laconic_info;
typedef struct laconic_models laconic_models;
typedef struct laconic_packet laconic_packet;
typedef struct laconic_video_model laconic_video_model;
typedef struct laconic_video_encoder laconic_video_encoder;
typedef struct laconic_video_decoder laconic_video_decoder;
typedef struct laconic_video_frame laconic_video_frame;
typedef struct laconic_audio_model laconic_audio_model;
typedef struct laconic_audio_encoder laconic_audio_encoder;
typedef struct laconic_audio_decoder laconic_audio_decoder;
typedef struct laconic_audio_frame laconic_audio_frame;

/* Called with the work done so far, 0..1, on the calling thread or one of the library's. Return 0 to cancel (the call
 * then fails with LACONIC_INVALID_ARGUMENT), anything else to go on. user: as given with the function. Must not throw,
 * and must not call the same handle. */
typedef int (*laconic_progress)(double done, void* user);

/* "0.1.0": of the library that runs, where LACONIC_VERSION_... is that of the header. Static storage. */
LACONIC_API const char* laconic_version(void);

/* "corrupt", "io", ...; "unknown" for other numbers. Static storage. */
LACONIC_API const char* laconic_status_name(laconic_status status);

/* ---- Models: weights, and the networks made from them ---- */

/* path: a weights file (.safetensors). device: "cpu" or "cuda"; NULL is "cpu". model: receives the model.
 * LACONIC_MODEL_MISMATCH for a missing, damaged or foreign file. */
LACONIC_API laconic_status laconic_model_load(const char* path, const char* device, laconic_model** model,
                                              laconic_error* error);

/* 16 hex digits, what streams name their weights by. Lives as long as the model. */
LACONIC_API const char* laconic_model_id(const laconic_model* model);

LACONIC_API void laconic_model_free(laconic_model* model);

/* ---- Images: pixels and metadata in the library's memory ---- */

typedef enum laconic_metadata {
  LACONIC_METADATA_ICC = 1,  /* ICC profile */
  LACONIC_METADATA_EXIF = 2, /* TIFF structure, without JPEG's "Exif\0\0" prefix */
  LACONIC_METADATA_XMP = 3   /* XML packet */
} laconic_metadata;

/* Copies pixels. pixels: rows from top to bottom, channels interleaved; 16-bit samples in the machine's byte order; any
 * alignment. width_px, height_px: 1 or more. num_channels: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA, alpha not
 * premultiplied. bit_depth: 8 or 16. stride_bytes: from the start of one row to the next, 0 for rows without gaps; at
 * least a row. image: receives the image. */
LACONIC_API laconic_status laconic_image_from_pixels(const void* pixels, int width_px, int height_px, int num_channels,
                                                     int bit_depth, size_t stride_bytes, laconic_image** image,
                                                     laconic_error* error);

/* Copies a metadata block into the image, in place of one of the same kind. size 0 removes it (bytes may then be NULL).
 */
LACONIC_API laconic_status laconic_image_set_metadata(laconic_image* image, laconic_metadata kind, const uint8_t* bytes,
                                                      size_t size, laconic_error* error);

LACONIC_API int laconic_image_width(const laconic_image* image);  /* pixels */
LACONIC_API int laconic_image_height(const laconic_image* image); /* pixels */
LACONIC_API int laconic_image_channels(const laconic_image* image);
LACONIC_API int laconic_image_bit_depth(const laconic_image* image);
LACONIC_API size_t laconic_image_stride(const laconic_image* image); /* bytes in a row; rows have no gaps */
/* height * stride bytes, laid out as above, aligned for uint16_t. Valid until the image is freed. */
LACONIC_API const void* laconic_image_pixels(const laconic_image* image);
/* size: receives the bytes of the block, 0 if it is absent; may not be NULL. Result: the block, valid until the image
 * is freed or the block is set; NULL if it is absent. */
LACONIC_API const uint8_t* laconic_image_metadata(const laconic_image* image, laconic_metadata kind, size_t* size);

LACONIC_API void laconic_image_free(laconic_image* image);

/* ---- Buffers: bytes in the library's memory ---- */

LACONIC_API const uint8_t* laconic_buffer_bytes(const laconic_buffer* buffer); /* valid until the buffer is freed */
LACONIC_API size_t laconic_buffer_size(const laconic_buffer* buffer);          /* bytes */
LACONIC_API void laconic_buffer_free(laconic_buffer* buffer);

/* ---- Encoding ---- */

/* encoder: receives an encoder with quality 60, one thread a core, default limits and no progress function. */
LACONIC_API laconic_status laconic_encoder_create(const laconic_model* model, laconic_encoder** encoder,
                                                  laconic_error* error);

/* Settings hold from the next encode on; after a failure the one before holds. */
/* quality: 0..100, higher is better; continuous. */
LACONIC_API laconic_status laconic_encoder_set_quality(laconic_encoder* encoder, float quality, laconic_error* error);
/* effort: 0..9, 3 unless set; 0 is one pass, 9 the longest search for fewer bytes. Decoders never notice. */
LACONIC_API laconic_status laconic_encoder_set_effort(laconic_encoder* encoder, int effort, laconic_error* error);
/* num_threads: 0 for one a core. */
LACONIC_API laconic_status laconic_encoder_set_threads(laconic_encoder* encoder, int num_threads, laconic_error* error);
/* max_pixels, max_dimension_px: larger pictures are refused; 0 for the default. */
LACONIC_API laconic_status laconic_encoder_set_limits(laconic_encoder* encoder, uint64_t max_pixels,
                                                      uint32_t max_dimension_px, laconic_error* error);
/* progress: NULL for none. user is handed to it and must live as long as it is set. */
LACONIC_API laconic_status laconic_encoder_set_progress(laconic_encoder* encoder, laconic_progress progress, void* user,
                                                        laconic_error* error);

/* stream: receives a whole .lac file. The encoder can be used again after a failure. */
LACONIC_API laconic_status laconic_encoder_encode(laconic_encoder* encoder, const laconic_image* image,
                                                  laconic_buffer** stream, laconic_error* error);

LACONIC_API void laconic_encoder_free(laconic_encoder* encoder);

/* ---- Decoding ---- */

/* decoder: receives a decoder with one thread a core, default limits, no progress function, and concealment off. */
LACONIC_API laconic_status laconic_decoder_create(const laconic_model* model, laconic_decoder** decoder,
                                                  laconic_error* error);

/* As for encoders. */
LACONIC_API laconic_status laconic_decoder_set_threads(laconic_decoder* decoder, int num_threads, laconic_error* error);
LACONIC_API laconic_status laconic_decoder_set_limits(laconic_decoder* decoder, uint64_t max_pixels,
                                                      uint32_t max_dimension_px, laconic_error* error);
LACONIC_API laconic_status laconic_decoder_set_progress(laconic_decoder* decoder, laconic_progress progress, void* user,
                                                        laconic_error* error);
/* num_slices: 1..4; fewer than 4 give a preview from the first slices of every superblock, sooner. */
LACONIC_API laconic_status laconic_decoder_set_slices(laconic_decoder* decoder, int num_slices, laconic_error* error);
/* conceal: not 0 makes damaged superblocks grey instead of failing. */
LACONIC_API laconic_status laconic_decoder_set_conceal(laconic_decoder* decoder, int conceal, laconic_error* error);

/* stream, size: a whole .lac file, read during the call only. image: receives the picture with its metadata. The
 * decoder can be used again after a failure. */
LACONIC_API laconic_status laconic_decoder_decode(laconic_decoder* decoder, const uint8_t* stream, size_t size,
                                                  laconic_image** image, laconic_error* error);
/* The same for the rectangle of width x height pixels whose upper left pixel is (x, y); it must lie inside the picture.
 * Only what the rectangle depends on is decoded. */
LACONIC_API laconic_status laconic_decoder_decode_region(laconic_decoder* decoder, const uint8_t* stream, size_t size,
                                                         int x, int y, int width, int height, laconic_image** image,
                                                         laconic_error* error);
/* How many superblocks the last decode concealed, and one sentence for each: index 0..count-1, NULL beyond. Sentences
 * are valid until the next call on the decoder. */
LACONIC_API size_t laconic_decoder_damage_count(const laconic_decoder* decoder);
LACONIC_API const char* laconic_decoder_damage(const laconic_decoder* decoder, size_t index);

LACONIC_API void laconic_decoder_free(laconic_decoder* decoder);

/* ---- What a stream says about itself; needs no model ---- */

/* The numbers are part of the ABI: new ones are added at the end. */
typedef enum laconic_info_key {
  LACONIC_INFO_WIDTH = 0,  /* pixels */
  LACONIC_INFO_HEIGHT = 1, /* pixels */
  LACONIC_INFO_CHANNELS = 2,
  LACONIC_INFO_BIT_DEPTH = 3,
  LACONIC_INFO_FORMAT_VERSION = 4,
  LACONIC_INFO_SUPERBLOCKS = 5,
  LACONIC_INFO_HEADER_BYTES = 6, /* with metadata blocks and section table */
  LACONIC_INFO_ICC_BYTES = 7,
  LACONIC_INFO_EXIF_BYTES = 8,
  LACONIC_INFO_XMP_BYTES = 9,
  LACONIC_INFO_COLOUR_BYTES = 10, /* sections of the colour or grey planes */
  LACONIC_INFO_ALPHA_BYTES = 11,
  LACONIC_INFO_STREAM_BYTES = 12
} laconic_info_key;

/* stream, size: a whole .lac file, read during the call only. info: receives what its header says. Default limits hold.
 */
LACONIC_API laconic_status laconic_info_read(const uint8_t* stream, size_t size, laconic_info** info,
                                             laconic_error* error);
/* 0 for an unknown key. */
LACONIC_API uint64_t laconic_info_get(const laconic_info* info, laconic_info_key key);
LACONIC_API double laconic_info_quality(const laconic_info* info); /* 0..100 */
/* 16 hex digits: the weights this stream needs. Lives as long as info. */
LACONIC_API const char* laconic_info_model_id(const laconic_info* info);
LACONIC_API void laconic_info_free(laconic_info* info);

/* ---- Installed weights: found by what a stream asks for ---- */

/* path: a weights file or a folder with some; NULL looks where the command line does: $LACONIC_MODEL, the source tree of a
 * program in its build tree, share/laconic/weights of the installation. device: "cpu" or "cuda"; NULL is "cpu". models:
 * receives the collection; weights are loaded when they are asked for, each file once, and found missing then. By one thread at a
 * time. */
LACONIC_API laconic_status laconic_models_open(const char* path, const char* device, laconic_models** models,
                                               laconic_error* error);
/* The weights with this id (16 hex digits, as streams name them), or NULL for those that encode by default.
 * LACONIC_MODEL_MISMATCH names the id wanted and those found. The model outlives the collection. */
LACONIC_API laconic_status laconic_models_image(laconic_models* models, const char* model_id, laconic_model** model,
                                                laconic_error* error);
/* The same for films and for sound. image_model_id: of the image weights that a film names beside; NULL with model_id NULL. */
LACONIC_API laconic_status laconic_models_video(laconic_models* models, const char* model_id, const char* image_model_id,
                                                laconic_video_model** model, laconic_error* error);
LACONIC_API laconic_status laconic_models_audio(laconic_models* models, const char* model_id, laconic_audio_model** model,
                                                laconic_error* error);
LACONIC_API void laconic_models_free(laconic_models* models);

/* ---- Packets: what a frame of a film or a stretch of sound becomes ---- */

LACONIC_API const uint8_t* laconic_packet_bytes(const laconic_packet* packet); /* valid until the packet is freed */
LACONIC_API size_t laconic_packet_size(const laconic_packet* packet);          /* bytes */
/* Films: as given with the frame. Sound: of the first sample, at 48 kHz; -2048 for the first packet of a stream. */
LACONIC_API int64_t laconic_packet_pts(const laconic_packet* packet);
LACONIC_API int64_t laconic_packet_duration(const laconic_packet* packet); /* films: as given; sound: samples, 2048 */
LACONIC_API int laconic_packet_is_key(const laconic_packet* packet);       /* decoding can start here */
LACONIC_API void laconic_packet_free(laconic_packet* packet);

/* ---- Films: one packet for each frame and one frame for each packet, in the same order, without delay ---- */

typedef struct laconic_video_format {
  int width_px, height_px;  /* of luma; 1 or more */
  int chroma;               /* 420, 422 or 444 */
  int bit_depth;            /* 8 or 10; samples of 10 bits are uint16_t in the machine's byte order */
  int primaries, transfer, matrix; /* code points of ITU-T H.273; 2: unspecified */
  int is_full_range;
} laconic_video_format;

/* device: as for laconic_model_load(). LACONIC_MODEL_MISMATCH for image weights that the video weights were not trained with. */
LACONIC_API laconic_status laconic_video_model_load(const char* video_path, const char* image_path, const char* device,
                                                    laconic_video_model** model, laconic_error* error);
LACONIC_API const char* laconic_video_model_id(const laconic_video_model* model); /* as laconic_model_id() */
LACONIC_API void laconic_video_model_free(laconic_video_model* model);

/* encoder: receives an encoder with quality 50, a key frame every 60 frames and at scene cuts, no B-frames, one thread a core. */
LACONIC_API laconic_status laconic_video_encoder_create(const laconic_video_model* model, const laconic_video_format* format,
                                                        laconic_video_encoder** encoder, laconic_error* error);
/* Settings are made before the first call of _header(), _send() or _drain(); later ones are LACONIC_INVALID_ARGUMENT. After a failure
 * the one before holds. quality: 0..100, higher is better; continuous. */
LACONIC_API laconic_status laconic_video_encoder_set_quality(laconic_video_encoder* encoder, float quality, laconic_error* error);
/* Aims at bits a second, by moving the quality from frame to frame. 0: constant quality. */
LACONIC_API laconic_status laconic_video_encoder_set_bitrate(laconic_video_encoder* encoder, double bits_per_second,
                                                             double frames_per_second, laconic_error* error);
/* num_frames: from one key frame to the next at most, 1 or more; 1: key frames only. */
LACONIC_API laconic_status laconic_video_encoder_set_key_interval(laconic_video_encoder* encoder, int num_frames, laconic_error* error);
/* num_frames: how many frames at most are coded between two others (B-frames), where that pays, 0..15; packets come as many frames later,
 * and LACONIC_LOOKAHEAD_FRAMES more. 0: each frame gives its packet at once. 3, as the program `laconic` does it, saves about an eighth of
 * the bytes. */
#define LACONIC_LOOKAHEAD_FRAMES 3
LACONIC_API laconic_status laconic_video_encoder_set_max_b_frames(laconic_video_encoder* encoder, int num_frames, laconic_error* error);
/* num_threads: 0 for one a core. */
LACONIC_API laconic_status laconic_video_encoder_set_threads(laconic_video_encoder* encoder, int num_threads, laconic_error* error);
/* The stream header, which a container keeps as the stream's private data. bytes: valid until the encoder is freed. */
LACONIC_API laconic_status laconic_video_encoder_header(laconic_video_encoder* encoder, const uint8_t** bytes, size_t* size,
                                                        laconic_error* error);
/* planes: Y, Cb, Cr, read during the call only; chroma planes of odd sizes round up. stride_bytes: of each plane, from the start of
 * one row to the next; at least a row. pts, duration: in the caller's ticks, kept as they are. is_key: not 0 asks for a key frame.
 * LACONIC_INVALID_ARGUMENT while packets are due: receive them first. */
LACONIC_API laconic_status laconic_video_encoder_send(laconic_video_encoder* encoder, const void* const planes[3],
                                                      const size_t stride_bytes[3], int64_t pts, int64_t duration, int is_key,
                                                      laconic_error* error);
/* No more frames come. */
LACONIC_API laconic_status laconic_video_encoder_drain(laconic_video_encoder* encoder, laconic_error* error);
/* packet: receives the next packet; each frame gives one, in order. NULL with LACONIC_OK: send more, or after _drain(): that was all. */
LACONIC_API laconic_status laconic_video_encoder_receive(laconic_video_encoder* encoder, laconic_packet** packet,
                                                         laconic_error* error);
LACONIC_API void laconic_video_encoder_free(laconic_video_encoder* encoder);

/* What a stream header says; needs no model. format may be NULL. model_id, image_model_id: receive 16 hex digits and a 0;
 * may be NULL. */
LACONIC_API laconic_status laconic_video_info(const uint8_t* header, size_t size, laconic_video_format* format, char model_id[17],
                                              char image_model_id[17], laconic_error* error);
/* header, size: the stream header. decoder: receives a decoder with one thread a core and concealment off. */
LACONIC_API laconic_status laconic_video_decoder_create(const laconic_video_model* model, const uint8_t* header, size_t size,
                                                        laconic_video_decoder** decoder, laconic_error* error);
/* Settings are made before the first packet. num_threads: 0 for one a core. conceal: not 0 shows the frame before again in place of
 * a damaged one. */
LACONIC_API laconic_status laconic_video_decoder_set_threads(laconic_video_decoder* decoder, int num_threads, laconic_error* error);
LACONIC_API laconic_status laconic_video_decoder_set_conceal(laconic_video_decoder* decoder, int conceal, laconic_error* error);
/* bytes, size: one packet, read during the call only. pts, duration: the frame gets them. The first packet, and the first one after
 * a reset, must be a key frame's. frame: receives the frame; NULL with LACONIC_OK where concealment has nothing to show yet.
 * After a failure go on with a reset and a key frame. */
LACONIC_API laconic_status laconic_video_decoder_decode(laconic_video_decoder* decoder, const uint8_t* bytes, size_t size,
                                                        int64_t pts, int64_t duration, laconic_video_frame** frame,
                                                        laconic_error* error);
/* Forgets all frames, after a seek. */
LACONIC_API laconic_status laconic_video_decoder_reset(laconic_video_decoder* decoder, laconic_error* error);
/* Damage that the last call of _decode() concealed: one sentence, valid until the next call; NULL if there was none. */
LACONIC_API const char* laconic_video_decoder_damage(const laconic_video_decoder* decoder);
LACONIC_API void laconic_video_decoder_free(laconic_video_decoder* decoder);

/* plane: 0 Y, 1 Cb, 2 Cr; NULL and 0 beyond. Rows have no gaps. Valid until the frame is freed. */
LACONIC_API const void* laconic_video_frame_plane(const laconic_video_frame* frame, int plane);
LACONIC_API size_t laconic_video_frame_stride(const laconic_video_frame* frame, int plane); /* bytes in a row */
LACONIC_API int laconic_video_frame_rows(const laconic_video_frame* frame, int plane);
LACONIC_API int64_t laconic_video_frame_pts(const laconic_video_frame* frame);
LACONIC_API int64_t laconic_video_frame_duration(const laconic_video_frame* frame);
LACONIC_API void laconic_video_frame_free(laconic_video_frame* frame);

/* ---- Sound: always 48 kHz here; other rates are resampled by the caller ---- */

typedef struct laconic_audio_format {
  int sample_rate_hz;    /* of the source, 1000..768000: told to players, who may resample to it */
  int num_channels;      /* 1..8 */
  uint32_t channel_mask; /* WAVE_FORMAT_EXTENSIBLE's, channels in the order of its bits; 0: not known */
  int bits_per_sample;   /* of the source: 16, 24; 32: float */
} laconic_audio_format;

/* path, device: as for laconic_model_load(). */
LACONIC_API laconic_status laconic_audio_model_load(const char* path, const char* device, laconic_audio_model** model,
                                                    laconic_error* error);
LACONIC_API const char* laconic_audio_model_id(const laconic_audio_model* model); /* as laconic_model_id() */
LACONIC_API void laconic_audio_model_free(laconic_audio_model* model);

/* encoder: receives an encoder with quality 50, a key packet every 2 s, one thread a core. */
LACONIC_API laconic_status laconic_audio_encoder_create(const laconic_audio_model* model, const laconic_audio_format* format,
                                                        laconic_audio_encoder** encoder, laconic_error* error);
/* Settings as for films, before the first call of _header(), _send() or _drain(). */
LACONIC_API laconic_status laconic_audio_encoder_set_quality(laconic_audio_encoder* encoder, float quality, laconic_error* error);
LACONIC_API laconic_status laconic_audio_encoder_set_bitrate(laconic_audio_encoder* encoder, double bits_per_second, laconic_error* error);
LACONIC_API laconic_status laconic_audio_encoder_set_threads(laconic_audio_encoder* encoder, int num_threads, laconic_error* error);
/* As for films. */
LACONIC_API laconic_status laconic_audio_encoder_header(laconic_audio_encoder* encoder, const uint8_t** bytes, size_t* size,
                                                        laconic_error* error);
/* samples: num_samples times num_channels, interleaved, full scale at -1 and 1, at 48 kHz; any number, they follow those sent before.
 * NULL with num_samples 0. */
LACONIC_API laconic_status laconic_audio_encoder_send(laconic_audio_encoder* encoder, const float* samples, size_t num_samples,
                                                      laconic_error* error);
/* No more samples come. num_source_samples: a channel, at the source's rate; the last packet carries the number. */
LACONIC_API laconic_status laconic_audio_encoder_drain(laconic_audio_encoder* encoder, uint64_t num_source_samples,
                                                       laconic_error* error);
/* packet: receives the next packet; NULL with LACONIC_OK: send more, or after _drain(): that was all. */
LACONIC_API laconic_status laconic_audio_encoder_receive(laconic_audio_encoder* encoder, laconic_packet** packet,
                                                         laconic_error* error);
LACONIC_API void laconic_audio_encoder_free(laconic_audio_encoder* encoder);

/* What a stream header says; needs no model. format and model_id may be NULL. */
LACONIC_API laconic_status laconic_audio_info(const uint8_t* header, size_t size, laconic_audio_format* format, char model_id[17],
                                              laconic_error* error);
/* header, size: the stream header. decoder: receives a decoder with one thread a core and concealment off. */
LACONIC_API laconic_status laconic_audio_decoder_create(const laconic_audio_model* model, const uint8_t* header, size_t size,
                                                        laconic_audio_decoder** decoder, laconic_error* error);
/* Settings as for films. */
LACONIC_API laconic_status laconic_audio_decoder_set_threads(laconic_audio_decoder* decoder, int num_threads, laconic_error* error);
/* conceal: not 0 fades to silence at a damaged packet until the next key packet. */
LACONIC_API laconic_status laconic_audio_decoder_set_conceal(laconic_audio_decoder* decoder, int conceal, laconic_error* error);
/* bytes, size: one packet, read during the call only. pts: the packet's; the frame gets it. The first packet, and the first one
 * after a reset, must be a key packet, and its sound only fades in: it completes what the packet before began, so drop it.
 * frame: receives 2048 samples of that pts. After a failure go on with a reset and a key packet. */
LACONIC_API laconic_status laconic_audio_decoder_decode(laconic_audio_decoder* decoder, const uint8_t* bytes, size_t size, int64_t pts,
                                                        laconic_audio_frame** frame, laconic_error* error);
/* Forgets all packets, after a seek. */
LACONIC_API laconic_status laconic_audio_decoder_reset(laconic_audio_decoder* decoder, laconic_error* error);
/* After the last packet of a stream: 1, and the samples a channel at the source's rate; before: 0, and 0. num_samples may be NULL. */
LACONIC_API int laconic_audio_decoder_source_samples(const laconic_audio_decoder* decoder, uint64_t* num_samples);
LACONIC_API const char* laconic_audio_decoder_damage(const laconic_audio_decoder* decoder); /* as for films */
LACONIC_API void laconic_audio_decoder_free(laconic_audio_decoder* decoder);

/* Interleaved; num_samples times num_channels values, valid until the frame is freed. */
LACONIC_API const float* laconic_audio_frame_samples(const laconic_audio_frame* frame);
LACONIC_API size_t laconic_audio_frame_count(const laconic_audio_frame* frame); /* samples a channel */
LACONIC_API int laconic_audio_frame_channels(const laconic_audio_frame* frame);
LACONIC_API int64_t laconic_audio_frame_pts(const laconic_audio_frame* frame);
LACONIC_API void laconic_audio_frame_free(laconic_audio_frame* frame);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LACONIC_H_ */
