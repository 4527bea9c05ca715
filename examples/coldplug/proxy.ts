export const info = { description: 'An HTTP proxy that the environment names', version: '1.0.0', license: 'MIT' }

export const url = process.env.https_proxy ?? process.env.HTTPS_PROXY ?? process.env.http_proxy

export const probe = (): boolean => url !== undefined && URL.canParse(url)
