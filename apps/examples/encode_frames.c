/* Draws 30 frames of a film, encodes and decodes them, and says how many bytes it took and how near they came:  encode_frames
 *
 * There is no file and no container here: each frame becomes a packet, each packet a frame, in the same order; packets come some frames later. */
#include <laconic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 192, HEIGHT = 128, NUM_FRAMES = 30 };

static void check(laconic_status status, const laconic_error* error) {
  if (status == LACONIC_OK) return;
  fprintf(stderr, "encode_frames: %s\n", error->message);
  exit(1);
}

static uint8_t luma[NUM_FRAMES][HEIGHT][WIDTH];

/* Luma of frame t: a bright disc that crosses a slope. */
static void draw_luma(int t) {
  for (int y = 0; y < HEIGHT; ++y) {
    for (int x = 0; x < WIDTH; ++x) {
      const double distance = hypot(x - (30 + 4 * t), y - 64);
      luma[t][y][x] = (uint8_t)(distance < 20 ? 200 : 60 + x / 4);
    }
  }
}

/* What a decoder makes of the packets. */
typedef struct {
  laconic_video_decoder* decoder;
  int num_frames, num_key_frames;
  size_t num_bytes;
  double squared_error;
} Result;

/* Receives the packets that are due and decodes them. */
static void receive(laconic_video_encoder* encoder, Result* result) {
  laconic_error error;
  for (;;) {
    laconic_packet* packet = NULL;
    check(laconic_video_encoder_receive(encoder, &packet, &error), &error);
    if (packet == NULL) return;
    result->num_bytes += laconic_packet_size(packet);
    result->num_key_frames += laconic_packet_is_key(packet);

    laconic_video_frame* frame = NULL;
    check(laconic_video_decoder_decode(result->decoder, laconic_packet_bytes(packet), laconic_packet_size(packet),
                                       laconic_packet_pts(packet), laconic_packet_duration(packet), &frame, &error), &error);
    const uint8_t* const decoded = laconic_video_frame_plane(frame, 0);
    const size_t stride = laconic_video_frame_stride(frame, 0);
    const int64_t t = laconic_video_frame_pts(frame);
    for (int y = 0; y < HEIGHT; ++y) {
      for (int x = 0; x < WIDTH; ++x) {
        const double difference = (double)decoded[(size_t)y * stride + (size_t)x] - luma[t][y][x];
        result->squared_error += difference * difference;
      }
    }
    result->num_frames += 1;
    laconic_video_frame_free(frame);
    laconic_packet_free(packet);
  }
}

int main(void) {
  static uint8_t cb[HEIGHT / 2][WIDTH / 2], cr[HEIGHT / 2][WIDTH / 2];
  for (int y = 0; y < HEIGHT / 2; ++y) {
    for (int x = 0; x < WIDTH / 2; ++x) {
      cb[y][x] = (uint8_t)(118 + y / 4);
      cr[y][x] = 134;
    }
  }
  const size_t stride_bytes[3] = {WIDTH, WIDTH / 2, WIDTH / 2};
  const laconic_video_format format = {.width_px = WIDTH, .height_px = HEIGHT, .chroma = 420, .bit_depth = 8,
                                       .primaries = 2, .transfer = 2, .matrix = 2, .is_full_range = 0};

  laconic_error error;
  laconic_models* models = NULL;
  laconic_video_model* model = NULL;
  laconic_video_encoder* encoder = NULL;
  check(laconic_models_open(NULL, NULL, &models, &error), &error);
  check(laconic_models_video(models, NULL, NULL, &model, &error), &error); /* the weights that encode by default */
  check(laconic_video_encoder_create(model, &format, &encoder, &error), &error);
  check(laconic_video_encoder_set_quality(encoder, 60, &error), &error);
  check(laconic_video_encoder_set_max_b_frames(encoder, 3, &error), &error);

  /* What a container keeps once for the stream. It names the weights: another program asks for them by laconic_video_info(). */
  const uint8_t* header = NULL;
  size_t header_size = 0;
  Result result = {NULL, 0, 0, 0, 0};
  check(laconic_video_encoder_header(encoder, &header, &header_size, &error), &error);
  check(laconic_video_decoder_create(model, header, header_size, &result.decoder, &error), &error);
  result.num_bytes = header_size;

  for (int t = 0; t < NUM_FRAMES; ++t) {
    draw_luma(t);
    const void* const planes[3] = {luma[t], cb, cr};
    check(laconic_video_encoder_send(encoder, planes, stride_bytes, t, 1, 0, &error), &error);
    receive(encoder, &result);
  }
  check(laconic_video_encoder_drain(encoder, &error), &error);
  receive(encoder, &result);

  const double mean = result.squared_error / ((double)WIDTH * HEIGHT * result.num_frames);
  printf("%d frames of %d x %d, %d of them key frames: %zu bytes, luma PSNR %.1f dB\n", result.num_frames, WIDTH, HEIGHT, result.num_key_frames,
         result.num_bytes, 10 * log10(255 * 255 / mean));

  laconic_video_decoder_free(result.decoder);
  laconic_video_encoder_free(encoder);
  laconic_video_model_free(model);
  laconic_models_free(models);
  return 0;
}
