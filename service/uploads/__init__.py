"""Files and pages that are sent: read in processes of their own, which a hostile one may break."""
