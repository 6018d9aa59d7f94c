-- Of an asymmetric key the half that its receivers verify with, as it is shown: whpk_…. Null for a shared secret.
alter table signing_secret add column public_key text;
