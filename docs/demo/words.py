"""What the demonstration says, in both languages: (Vietnamese, English)."""

from __future__ import annotations

WORDS = {
    "title": (
        "Antin: từ máy trống đến một văn bản đã được kiểm tra",
        "Antin: from an empty machine to a judged document",
    ),
    "step.home": (
        "Lập nơi làm việc: sổ đăng ký, thiết bị SoftHSM, cơ quan chứng thực gốc và cấp phát",
        "Make a home: register, SoftHSM tokens, a root and an issuing authority",
    ),
    "told.home": (
        "Cán bộ {name} đã có khóa sinh trong thiết bị riêng và chứng thư số {serial}.",
        "The official {name} has a key made on a token of their own, and certificate {serial}.",
    ),
    "step.serve": (
        "Chạy các dịch vụ CRL, OCSP và dấu thời gian",
        "Start the CRL, OCSP and time-stamp services",
    ),
    "told.serve": ("Sẵn sàng tại {url}.", "Ready at {url}."),
    "step.document": (
        "Soạn một công văn một trang, chữ chọn được",
        "Write a one-page official letter with selectable text",
    ),
    "told.document": ("Đã soạn {file}.", "Wrote {file}."),
    "told.others": (
        "Thêm {count} tệp PDF do nơi khác tạo ra.",
        "And {count} PDFs that nobody here made.",
    ),
    "told.no_others": (
        "Không có thư mục mẫu của nơi khác (ANTIN_CORPORA): chỉ ký công văn.",
        "No folder of other people's samples (ANTIN_CORPORA): only the letter is signed.",
    ),
    "step.sign": (
        "Ký số mức PAdES B-LTA, chữ ký hiện trên trang",
        "Sign at PAdES B-LTA with a visible signature",
    ),
    "told.sign": (
        "Đã ký {file}; pdfsig cũng đọc là hợp lệ.",
        "Signed {file}; pdfsig reads it as valid too.",
    ),
    "told.name": (
        "Trên trang đọc được đúng tên “{name}”.",
        "The name “{name}” reads right on the page.",
    ),
    "step.verify": ("Kiểm tra chữ ký số", "Judge the signatures"),
    "told.verify": (
        "{file}: TOTAL-PASSED, mức {level}; báo cáo {report}.",
        "{file}: TOTAL-PASSED, level {level}; report {report}.",
    ),
    "step.change": ("Sửa đúng một byte của văn bản đã ký", "Change one byte of the signed letter"),
    "told.change": (
        "TOTAL-FAILED ({sub}). Báo cáo viết: {finding}",
        "TOTAL-FAILED ({sub}). The report says: {finding}",
    ),
    "step.revoke": ("Thu hồi chứng thư chữ ký số của cán bộ", "Revoke the official's certificate"),
    "told.crl": ("CRL đã có số {serial}.", "The CRL lists {serial}."),
    "told.ocsp": ("OCSP trả lời: đã thu hồi.", "OCSP answers: revoked."),
    "told.refused": (
        "Ký mới bị từ chối trước khi hỏi PIN [{code}].",
        "A new signature is refused before any PIN is asked [{code}].",
    ),
    "told.still": (
        "Văn bản ký trước đó vẫn TOTAL-PASSED: dấu thời gian chứng minh nó có trước khi thu hồi.",
        "The earlier document is still TOTAL-PASSED: its time-stamp proves it older.",
    ),
    "end": ("Xong: mọi bước đều đúng như đã kể.", "Done: every step was as told."),
    "files": ("Các tệp đã tạo:", "Files made:"),
    "next": ("Ba lệnh nên thử tiếp:", "Three commands to try next:"),
    "failed": ("KHÔNG đúng như đã kể: {problem}", "NOT as told: {problem}"),
}


def word(message: str, language: str, **facts: str) -> str:
    """Return a sentence in `vi` or `en`."""
    vietnamese, english = WORDS[message]
    return (vietnamese if language == "vi" else english).format(**facts)
