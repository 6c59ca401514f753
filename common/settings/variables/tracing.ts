import * as z from 'zod';
import { services, setting } from '../setting.ts';

const optional = z.string().optional();
const protocol = z.enum(['http/protobuf', 'http/json', 'grpc']);

/** The OpenTelemetry variables that we check; its libraries read more. Without them, OpenTelemetry is not loaded. */
export const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(z.url({ protocol: /^https?$/ }).optional(), services, {
    purpose:
      'an OpenTelemetry collector, such as `http://collector:4318`; turns traces on ([operations/monitoring.md](operations/monitoring.md#traces))',
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: setting(z.url({ protocol: /^https?$/ }).optional(), services, {
    purpose: 'the same with the whole path, for traces only',
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: setting(protocol.default('http/protobuf'), services, {
    purpose: '`http/protobuf`, `http/json` or `grpc`',
  }),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: setting(protocol.optional(), services, {
    purpose: 'the same for traces only; takes precedence',
  }),
  OTEL_TRACES_EXPORTER: setting(z.enum(['otlp', 'console', 'none']).optional(), services, {
    purpose: '`otlp` or `console` turns traces on, `none` off',
  }),
  OTEL_SDK_DISABLED: setting(z.enum(['true', 'false']).default('false'), services, {
    purpose: '`true` turns traces off',
  }),
  OTEL_SERVICE_NAME: setting(optional, services, {
    purpose: 'the name of the service in its traces',
    shownDefault: 'its own',
  }),
};
