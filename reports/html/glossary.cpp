#include "reports/html/glossary.h"

#include <array>

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"

namespace isobatch {

namespace {

struct Word {
    std::string_view word, meaning;
};

constexpr std::array words{
    Word{"split", "per_device × accum × devices: one way to cut an effective batch, such as 8x2x1."},
    Word{"effective batch", "the samples of one optimizer step, however they are cut."},
    Word{"micro-batch, micro", "what one backward sees; a device has accum of them in a window."},
    Word{"window", "the micro-batches of one optimizer step, over all devices."},
    Word{"rank", "one device of the split, counted from 0."},
    Word{"unit", "what the loss averages over: a scored token or a sample."},
    Word{"reference",
         "the single large batch, which every split is compared with; of a case that declares that a micro couples its "
         "samples, a trusted run of the same micro-batches."},
    Word{"engine", "how ranks meet: serial, one after another in one process; gloo, a process each."},
    Word{"contract, claim",
         "what the trainer promises, such as one weight for every scored token; each promise is a claim."},
    Word{"planted", "a fault that was put in on purpose (--fault), to see it found."},
    Word{"judged window", "one of those in which the reference knows each sample's share of the gradient."},
    Word{"trusted runs", "the reference's samples cut in other ways, by which rounding is measured."},
    Word{"truth", "the gradient of the reference's samples in fp64, at the same parameters."},
    Word{"weight", "the factor with which a sample's gradient entered the update; 1 is right."},
    Word{"margin", "largest distance from the truth ÷ what rounding may cause. Above 1 is divergent."},
    Word{"allowed",
         "factor · (E + u·A): E the worst error of trusted runs, u the unit roundoff, A the size of the summed "
         "shares of the samples. The factor is 64, of which clean runs have used 4; 8 where the arithmetic has fewer "
         "bits than the sum, of which they have used 2."},
    Word{"sensitivity", "smallest relative error of one sample's weight that would have been divergent."},
    Word{"trajectory", "the losses of a run that starts where the reference does and then follows nothing."},
    Word{"identical", "the same bits as the reference has."},
    Word{"equivalent", "within what rounding may cause."},
    Word{"inconclusive", "not decided: never a pass."},
    Word{"divergent", "not the same training."},
    Word{"out_of_memory", "no answer: the trial asked for more memory than there was, or than --memory allows."},
    Word{"crashed", "no answer: the trial did not end."},
};

}  // namespace

std::string glossary_part() {
    std::string list;
    for (const Word& word : words)
        list += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(word.word), escaped(word.meaning));
    return part("glossary", "Words", folded("what the words mean", "<dl>\n" + list + "</dl>\n"));
}

}  // namespace isobatch
