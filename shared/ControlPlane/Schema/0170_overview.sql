-- expands: indexes by which an overview counts, however long the installation has lived
create index overview_tenants_ended on control.tenants (state, ended_at) where state in ('failed', 'terminated');
create index overview_certificates on control.certificates (not_after);
create index overview_certificates_failing on control.certificates (not_after) where failures > 0;
