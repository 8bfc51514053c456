// The trainer's configuration file (JSON): the network, the data order and the schedule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codec/base/status.h"
#include "models/audio/config.h"
#include "models/image/config.h"
#include "models/video/loop_filter.h"

namespace laconic::train {

struct TrainConfig {
  models::ImageConfig network;
  std::optional<models::AudioConfig> audio_network;  // present: the sound network is trained
  std::optional<models::LoopFilterConfig> video_network;  // present: the loop filter of films is trained
  int64_t steps = 10000;          // length of the run; the schedule ends there
  int batch_size = 8;
  int crop_px = 256;
  int num_frames = 1;             // films: of a clip; sound: packets of a stretch
  double lr = 3e-3;
  int64_t warmup_steps = 100;
  double decay_from = 0.5;        // fraction of the steps after which the rate falls to lr * final_lr (cosine)
  double final_lr = 0.01;
  double shortcut_lr = 0.1;       // multiplies lr for the linear shortcut
  int max_rotated_side = 512;     // SOAP leaves longer sides of a matrix unrotated; 0 makes it Adam
  int precondition_every = 10;    // steps between two refreshes of one of SOAP's bases; on a GPU a refresh costs more than a step
  double clip_norm = 5.0;
  double ema_decay = 0.998;
  bool bfloat16 = true;           // transforms only; rates and exact networks stay float32
  int num_workers = 2;            // threads that share a batch on the CPU
  uint64_t seed = 1;
  int64_t log_every = 20;
  int64_t checkpoint_every = 250;
  int64_t validate_every = 1000;
  // `done`: the part of the run that lies behind, 0..1.
  double learning_rate_at(int64_t step, double done) const;
};

Result<TrainConfig> read_train_config(const std::string& path);
std::string train_config_to_json(const TrainConfig& config);

}  // namespace laconic::train
