"""What tells a row: its content less what may be padding, whichever way that is read."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "harness", "recorder"))

import torch  # noqa: E402
from isobatch_format import content, integers_of, numbers_of, row_digests  # noqa: E402

PADS = {0, -100, None, 7}


class Rows(unittest.TestCase):
    def test_tokens_are_read_as_other_numbers_are(self):
        for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8):
            torch.manual_seed(1)
            rows = torch.randint(0, 9, (6, 40)).to(dtype)
            rows[0, 30:], rows[1], rows[2, :5], rows[3, 33:] = 0, 0, 7, 156 if dtype == torch.uint8 else -100  # 156: its bits
            data = content(rows.contiguous())
            for row in range(len(rows)):
                self.assertEqual(integers_of(data, row, rows, PADS), numbers_of(rows[row], PADS), (dtype, row))
        self.assertEqual(integers_of(b"", 0, torch.zeros(2, 0, dtype=torch.int64), PADS), b"")

    def test_a_row_is_the_same_whatever_its_neighbours_pad_it_to(self):
        short, long = torch.tensor([[5, 6, 0, 0], [1, 2, 3, 4]]), torch.tensor([[5, 6, 0], [9, 9, 9]])
        self.assertEqual([*row_digests({0: short}, PADS)][0], [*row_digests({0: long}, PADS)][0])
        mask = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]])
        self.assertEqual([*row_digests({0: short, "attention_mask": mask}, {None})][0], [*row_digests({0: short}, PADS)][0])


if __name__ == "__main__":
    unittest.main()
