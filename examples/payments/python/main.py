"""Cleans a file of payments: the same job as ../payments.sql, as a Cloud Function with pandas.

Nothing in it knows of Caudal: deploy it to Google Cloud as it is (trigger: object finalized).
"""
import io
import os
from decimal import Decimal

import functions_framework
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from google.cloud import storage

OUTPUT_BUCKET = os.environ.get("OUTPUT_BUCKET", "anoc001-test-data-armandolara")
OUTPUT_PREFIX = os.environ.get("OUTPUT_PREFIX", "pandas/")

COLUMNS = ["id", "name", "company_id", "amount", "status", "created_at", "paid_at"]
STATUSES = ["paid", "pending_payment", "voided", "refunded", "partially_refunded", "charged_back", "pre_authorized",
            "expired"]
DATE_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y%m%d"]
AMOUNT_MAX = 10_000_000


@functions_framework.cloud_event
def clean_payments(event):
    client = storage.Client()
    blob = client.bucket(event.data["bucket"]).blob(event.data["name"], generation=event.data["generation"])
    raw = read(blob.download_as_bytes())
    accepted, quarantine = clean(raw)
    totals = daily_totals(accepted)
    print(f"{len(raw)} rows: {len(accepted)} accepted, {len(quarantine)} to quarantine")
    bucket = client.bucket(OUTPUT_BUCKET)
    for name, data, kind in [("quarantine/payments.csv", to_csv(quarantine), "text/csv"),
                             ("processed/payments.parquet", to_parquet(accepted), "application/vnd.apache.parquet"),
                             ("processed/payments.csv", to_csv(accepted), "text/csv"),
                             ("processed/daily_totals.csv", to_csv(totals), "text/csv")]:
        bucket.blob(OUTPUT_PREFIX + name).upload_from_string(data, content_type=kind)


def read(data):
    raw = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, na_values=[""])
    if list(raw.columns) != COLUMNS:
        raise ValueError(f"columns {COLUMNS} expected, not {list(raw.columns)}")
    return raw


def find_catalogue(raw):
    """The valid pairs: name -> company, and company -> name."""
    pairs = raw.groupby(["name", "company_id"]).size().reset_index(name="payments")
    looks_good = pairs.company_id.str.fullmatch("[0-9a-f]{40}") & ~pairs.name.str.contains("0x[0-9A-Fa-f]+|[*&]")
    pairs = pairs[looks_good]
    of_name = pairs.groupby("name").payments.transform("sum")
    of_company = pairs.groupby("company_id").payments.transform("sum")
    pairs = pairs[(pairs.payments * 2 > of_name) & (pairs.payments * 2 > of_company)]
    return dict(zip(pairs.name, pairs.company_id)), dict(zip(pairs.company_id, pairs.name))


def read_dates(texts):
    dates = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
    for format_ in DATE_FORMATS:
        dates = dates.fillna(pd.to_datetime(texts, format=format_, errors="coerce"))
    return dates


def read_cents(texts):
    """Whole cents, missing where the text is no amount to the cent, or an absurd one."""
    amounts = pd.to_numeric(texts, errors="coerce")
    amounts = amounts.where(amounts.between(0, AMOUNT_MAX))
    cents = (amounts * 100).round()
    return cents.where((amounts * 100 - cents).abs() < 0.01).astype("Int64")


def clean(raw):
    """The accepted rows, and those for quarantine with the reason beside each."""
    company_of, name_of = find_catalogue(raw)
    by_company, by_name = raw.company_id.map(name_of), raw.name.map(company_of)
    good_name = raw.name.where(by_name.notna())
    good_company = raw.company_id.where(by_company.notna())
    rows = pd.DataFrame({
        "id": raw.id,
        "name": by_company.fillna(good_name),
        "company_id": good_company.fillna(by_name),
        "amount": read_cents(raw.amount),
        "status": raw.status,
        "created_at": read_dates(raw.created_at),
        "paid_at": read_dates(raw.paid_at),
    })
    broken = {
        "id missing": rows.id.isna(),
        "neither name nor company known": rows.name.isna(),
        "name and company belong to different payers": by_company.notna() & by_name.notna() & (by_company != raw.name),
        "amount absurd or unreadable": rows.amount.isna(),
        "status unknown": ~rows.status.isin(STATUSES),
        "created_at missing or unreadable": rows.created_at.isna(),
        "paid_at unreadable": rows.paid_at.isna() & raw.paid_at.notna(),
    }
    reasons = pd.Series("", index=rows.index)
    for reason, rule in broken.items():
        reasons[rule] = reasons[rule].where(reasons[rule] == "", reasons[rule] + "; ") + reason
    bad = reasons != ""
    quarantine = raw[bad].assign(_reason=reasons[bad])
    assert len(raw) == (~bad).sum() + len(quarantine)
    return rows[~bad], quarantine


def daily_totals(accepted):
    totals = accepted.groupby(["name", "company_id", "created_at"], as_index=False).amount.sum()
    return totals.rename(columns={"amount": "total"})


def to_csv(frame):
    """Amounts from cents, days as days."""
    frame = frame.copy()
    for column in frame.columns.intersection(["amount", "total"]):
        if frame[column].dtype == "Int64":
            frame[column] = (frame[column].astype("int64") / 100).map("{:.2f}".format)
    return frame.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n").encode()


def to_parquet(accepted):
    table = pa.Table.from_pandas(accepted, preserve_index=False).replace_schema_metadata(None)
    cents = table["amount"].cast(pa.decimal128(19, 0))
    amounts = pc.multiply(cents, pa.scalar(Decimal("0.01"))).cast(pa.decimal128(18, 2))
    table = table.set_column(table.schema.get_field_index("amount"), "amount", amounts)
    for day in ("created_at", "paid_at"):
        table = table.set_column(table.schema.get_field_index(day), day, table[day].cast(pa.date32()))
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()
