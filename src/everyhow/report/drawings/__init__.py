"""Every picture of an audit as plain values, and as SVG and PDF."""
