"""What was done, to look at: contact sheets and a self-contained HTML page."""

from ned.report.data import PicturePair, ReportData, load_picture, save_pair
from ned.report.page import write_report
from ned.report.sheet import contact_sheet, grid, save_picture

__all__ = [
    "PicturePair",
    "ReportData",
    "contact_sheet",
    "grid",
    "load_picture",
    "save_pair",
    "save_picture",
    "write_report",
]
