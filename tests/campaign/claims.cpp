/// Measures, on a built-in case, what people say of batch sizes; tests/campaign/claims.py reads the answers and judges.
///
///   isobatch-claims sizes CASE RECIPE ROUNDS SIZE…      milliseconds of a forward and a backward of SIZE samples, by
///   round isobatch-claims noise CASE BATCHES SIZE…            mean squared distance of a batch's mean gradient to that
///   of all samples isobatch-claims rates CASE OPTIMIZER EPOCHS SIZE…   loss of the last epoch, by batch size and
///   learning rate
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <map>

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "run/forward.h"
#include "run/matrix.h"
#include "run/random_cut.h"

namespace isobatch {

namespace {

using Words = std::vector<std::string>;

std::int64_t number(const std::string& word) {
    const auto value = whole_number(word);
    if (!value || *value < 1) throw Error("\"" + word + "\" is no whole number from 1", "isobatch-claims", "give one");
    return *value;
}

std::vector<std::int64_t> numbers(const Words& words, std::size_t first) {
    std::vector<std::int64_t> found;
    for (std::size_t i = first; i < words.size(); ++i) found.push_back(number(words.at(i)));
    return found;
}

Trial trial_of(const std::string& subject, Recipe recipe, std::int64_t samples, std::int64_t effective) {
    Trial trial;
    trial.subject = subject;
    trial.recipe = recipe;
    trial.samples = samples;
    trial.split = {effective, 1, 1};
    trial.lengths = Lengths::equal;
    return trial;
}

/// The sizes in another order each round, so that what else the machine does befalls them all alike.
Json sizes(const Words& words) {
    std::vector<std::int64_t> asked = numbers(words, 4);
    const std::int64_t most = *std::max_element(asked.begin(), asked.end());
    const Setup setup = make_setup(trial_of(words.at(1), parse_recipe(words.at(2)), most, most));
    Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    std::map<std::int64_t, std::vector<double>> ms;
    for (std::int64_t round = 0; round < number(words.at(3)); ++round) {
        shuffle(asked, Random(Seed{setup.trial.seed}.split("round").split(static_cast<std::uint64_t>(round))));
        for (const std::int64_t size : asked) {
            std::vector<std::int64_t> samples;
            for (std::int64_t i = 0; i < size; ++i) samples.push_back(i);
            double least = 0;
            for (int repeat = 0; repeat < 4; ++repeat) {  // the first one finds the caches as another size left them
                replica.zero_grad();
                const auto begin = std::chrono::steady_clock::now();
                forward(setup, replica, samples).div(static_cast<double>(size)).backward();
                const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
                if (repeat > 0 && (least == 0 || took.count() < least)) least = took.count();
            }
            ms[size].push_back(least);
        }
    }
    Json answer = Json::object();
    for (const auto& [size, rounds] : ms) answer[std::to_string(size)] = rounds;
    return answer;
}

/// The mean gradient of these samples, all parameters in a row.
at::Tensor mean_gradient(const Setup& setup, Replica& replica, std::span<const std::int64_t> samples) {
    replica.zero_grad();
    double units = 0;
    for (const std::int64_t sample : samples) units += setup.data.units[static_cast<std::size_t>(sample)];
    forward(setup, replica, samples).div(units).backward();
    std::vector<at::Tensor> parts;
    for (const at::Tensor& parameter : replica.parameters) parts.push_back(gradient_of(parameter).reshape({-1}));
    return at::cat(parts);
}

/// Drawn with replacement, so that a batch's samples are independent and the variance of their mean is 1/B of one's.
Json noise(const Words& words) {
    constexpr std::int64_t samples = 512;
    const Setup setup = make_setup(trial_of(words.at(1), Recipe::fp64, samples, samples));
    Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    std::vector<std::int64_t> all;
    for (std::int64_t i = 0; i < samples; ++i) all.push_back(i);
    const at::Tensor truth = mean_gradient(setup, replica, all);
    Json answer{{"truth", truth.square().sum().item<double>()}, {"distance", Json::object()}};
    for (const std::int64_t size : numbers(words, 3)) {
        Random random(Seed{setup.trial.seed}.split("noise").split(static_cast<std::uint64_t>(size)));
        double sum = 0;
        for (std::int64_t batch = 0; batch < number(words.at(2)); ++batch) {
            std::vector<std::int64_t> drawn;
            for (std::int64_t i = 0; i < size; ++i) drawn.push_back(static_cast<std::int64_t>(random.below(samples)));
            sum += (mean_gradient(setup, replica, drawn) - truth).square().sum().item<double>();
        }
        answer["distance"][std::to_string(size)] = sum / static_cast<double>(number(words.at(2)));
    }
    return answer;
}

/// The mean loss over the last epoch's windows, each weighted by its units.
double last_loss(const Trace& trace) {
    double sum = 0, units = 0;
    for (const Step& step : trace.ranks.at(0)) {
        if (step.epoch != trace.manifest.epochs) continue;
        for (const Micro& micro : step.micros) {
            sum += micro.loss;
            units += micro.units;
        }
    }
    return sum / units;
}

/// Every batch size sees the same samples; from 1/16 to 1024 times the case's own learning rate.
Json rates(const Words& words) {
    Json answer = Json::object();
    for (const std::int64_t size : numbers(words, 4)) {
        Trial trial = trial_of(words.at(1), Recipe::fp32, 256, size);
        trial.optimizer = words.at(2);
        trial.epochs = static_cast<int>(number(words.at(3)));
        for (int power = -4; power <= 10; ++power) {
            Setup setup = make_setup(trial);
            Case subject = *setup.subject;
            subject.optimizer = chosen(subject.optimizer, trial.optimizer);
            subject.optimizer.lr = std::ldexp(subject.optimizer.lr, power);
            setup.subject = &subject;
            setup.trial.optimizer.clear();  // it is the case's own now
            answer[std::to_string(size)][std::to_string(power)] =
                number_to_json(last_loss(run_trial(setup, Level::losses, nullptr, std::nullopt)));
        }
    }
    return answer;
}

Json measured(const Words& words) {
    if (words.size() > 4 && words[0] == "sizes") return sizes(words);
    if (words.size() > 3 && words[0] == "noise") return noise(words);
    if (words.size() > 4 && words[0] == "rates") return rates(words);
    throw Error("nothing to measure", "isobatch-claims", "give sizes, noise or rates with what its source says");
}

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    at::set_num_threads(1);
    try {
        std::cout << isobatch::measured({argv + 1, argv + argc}).dump() << "\n";
        return 0;
    } catch (const isobatch::Error& error) {
        std::cerr << error.what() << "\n";
        return error.exit_code();
    }
}
