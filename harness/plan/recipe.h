#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/json.h"

namespace isobatch {

/// The precision of a run. In fp64 and fp32: of parameters, arithmetic, accumulator and exchange alike. The others
/// compute in fewer bits and promise an fp32 sum: each micro's gradient is added to it, it is exchanged, clipped and
/// judged, and the optimizer steps fp32 parameters with it. `bf16` computes with those parameters rounded to bf16,
/// autocast with LibTorch's choice of operators; `fp16-autocast` scales the loss by a constant; `tf32` multiplies fp32
/// numbers of which a GPU reads the first 10 explicit bits. `bf16-sum` and `fp16-sum` promise no more: what an outside
/// trainer does whose parameters are of that type, so that gradients are summed in it.
enum class Recipe { fp64, fp32, bf16, bf16_autocast, fp16_autocast, tf32, bf16_sum, fp16_sum };

/// Those that our own engines run on every device.
inline constexpr std::array known_recipes{Recipe::fp64, Recipe::fp32, Recipe::bf16, Recipe::bf16_autocast,
                                          Recipe::fp16_autocast};

std::string to_string(Recipe recipe);
Recipe parse_recipe(std::string_view text);

/// As a manifest has it: `{"compute": "bf16", "accumulate": "fp32", "autocast": true}`, of which `accumulate` is left
/// out where it is what it computes in, and `autocast` where it is false.
Json to_json(Recipe recipe);
/// Throws Error for formats that are no recipe here, such as fp32 gradients summed in bf16.
Recipe recipe_from_json(const Json& object, const std::string& where);

/// Whether its arithmetic is a GPU's alone.
bool needs_gpu(Recipe recipe);
/// Whether it computes in fewer bits than fp32 has.
bool computes_narrow(Recipe recipe);
/// Whether it sums gradients in fewer bits than fp32 has.
bool sums_narrow(Recipe recipe);

/// Unit roundoff of the accumulator: 2^-53 or 2^-24, and 2^-8 or 2^-11 where that is narrow.
double unit_roundoff(Recipe recipe);

/// Bits that a sum may need and still be exact: those of the significand less one, so that two such sums of one
/// quantum can meet in one accumulator, as the two uses of a tied parameter do. -1: nothing is exact in it.
double exact_bits(Recipe recipe);

/// Explicit bits of the significand that gradients are summed in: 52 or 23, and 7 or 10 where that is narrow.
int sum_bits(Recipe recipe);

/// What the loss is multiplied by before a backward, and each gradient divided by before it is added: a power of two.
double loss_scale(Recipe recipe);

/// Scaling by a factor that adapts begins with it, in torch and in what followed it.
inline constexpr double first_loss_scale = 65536;

}  // namespace isobatch
